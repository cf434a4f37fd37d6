// Manifests: read when right, one clear sentence when wrong.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as manifests from '../src/manifest.js';

const ADDRESS = new URL('http://localhost/models/manifest.json');
const GOLDEN = new URL('../../tests/manifests/', import.meta.url);
const sha256 = '0'.repeat(64);
const good = {
  kind: 'tflite',
  schema_version: '1.1',
  image_size: 32,
  num_domains: 2,
  style_dim: 2,
  value_range: [-1, 1],
  signatures: { encode: { inputs: {} }, generate: { inputs: {} } },
  variants: {
    x: { shipped: true, encoder: 'encoder_x.tflite', generator: 'generator_x.tflite' },
    y: { shipped: false },
  },
  recommended: {},
  files: { 'encoder_x.tflite': { bytes: 1000, sha256 }, 'generator_x.tflite': { bytes: 7, sha256 } },
  domains: [{ images: 3, average_style: [0.5, 1] }, { images: 0, average_style: null }],
};

const answers = (body, status = 200) => async () => new Response(body, { status });
const with_ = (changes) => answers(JSON.stringify({ ...good, ...changes }));

test('a good manifest is read', async () => {
  const manifest = await manifests.load(ADDRESS, with_({}));
  assert.deepEqual(manifests.variants(manifest), ['x']);
  assert.equal(manifests.recommended(manifest), 'x');
  assert.deepEqual(manifests.pair(manifest, 'x'), [
    { name: 'encoder_x.tflite', bytes: 1000, sha256 },
    { name: 'generator_x.tflite', bytes: 7, sha256 },
  ]);
  assert.deepEqual(manifests.averageStyles(manifest), [{ domain: 0, style: Float32Array.from([0.5, 1]) }]);
  assert.deepEqual(manifests.examples(manifest), { sources: [], references: [] });
});

test('a newer minor version and unknown fields are read', async () => {
  const manifest = await manifests.load(ADDRESS, with_({ schema_version: '1.7', mood: 'good' }));
  assert.equal(manifest.mood, 'good');
});

for (const [name, answer, message] of [
  ['missing', answers('', 404), /There is no model: .*manifest.json is missing.*export.tflite/],
  ['refused', answers('', 503), /does not send .*manifest\.json \(status 503\): try again later/],
  ['unreachable', async () => Promise.reject(new TypeError('x')), /cannot be reached/],
  ['not JSON', answers('<html>'), /is not JSON/],
  ['a number', answers('7'), /kind is not "tflite"/],
  ['of a newer version', with_({ schema_version: '2.0' }), /has schema_version 2\.0 and this page reads 1\.x/],
  ['without recommendations', with_({ recommended: undefined }), /lacks recommended/],
  ['recommending what is not there', with_({ recommended: { cpu: 'y' } }), /recommends y for cpu/],
  ['with a number as title', with_({ title: 7 }), /title must be text/],
]) {
  test(`a manifest that is ${name} is one sentence`, async () => {
    await assert.rejects(manifests.load(ADDRESS, answer), (error) => {
      assert.equal(error.name, 'ModelError');
      assert.match(error.message, message);
      return true;
    });
  });
}

test('where nothing is recommended the first variant is taken', () => {
  for (const recommended of [{}, { cpu: '' }]) {
    assert.equal(manifests.recommended({ ...good, recommended }), 'x');
  }
});

test('examples are pictures or looks', () => {
  const examples = [{ file: 'a.png', role: 'picture', caption: 'Tom' }, { file: 'b.png', role: 'look', caption: null }];
  assert.deepEqual(manifests.examples({ ...good, examples }), {
    sources: [{ file: 'a.png', caption: 'Tom' }], references: [{ file: 'b.png', caption: null }],
  });
});

// The cases that Python and the app read as well: the good manifest with one field changed.
const shared = (name) => JSON.parse(readFileSync(new URL(name, GOLDEN)));

function changed({ path, value }) {
  const manifest = shared('good.json');
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce((part, key) => part[key], manifest);
  if (value !== undefined) parent[last] = value;
  else if (Array.isArray(parent)) parent.splice(last, 1);
  else delete parent[last];
  return manifest;
}

for (const { name, words, ...change } of shared('cases.json')) {
  test(`a shared manifest, ${name}, is ${words ? 'refused' : 'read'}`, async () => {
    const reading = manifests.load(ADDRESS, answers(JSON.stringify(changed(change))));
    if (!words) await reading;
    else await assert.rejects(reading, (error) => error.name === 'ModelError' && error.message.includes(words));
  });
}
