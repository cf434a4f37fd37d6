// Manifests: read when right, one clear sentence when wrong.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as manifests from '../src/manifest.js';

const ADDRESS = new URL('http://localhost/models/manifest.json');
const GOLDEN = new URL('../../tests/manifests/', import.meta.url);
const sha256 = '0'.repeat(64);
const good = {
  kind: 'tflite',
  format: 1,
  image_size: 32,
  value_range: [-1, 1],
  signatures: { encode: { inputs: {} }, generate: { inputs: {} } },
  variants: {
    x: { shipped: true, encoder: 'encoder_x.tflite', generator: 'generator_x.tflite' },
    y: { shipped: false },
  },
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
  assert.equal(manifests.examples(manifest), null);
});

test('a newer minor version and unknown fields are read', async () => {
  const manifest = await manifests.load(ADDRESS, with_({ schema_version: '1.7', mood: 'good', format: undefined }));
  assert.equal(manifest.mood, 'good');
});

for (const [name, answer, message] of [
  ['missing', answers('', 404), /There is no model: .*manifest.json is missing.*export.tflite/],
  ['unreachable', async () => Promise.reject(new TypeError('x')), /cannot be reached/],
  ['not JSON', answers('<html>'), /is not a manifest: it is not JSON/],
  ['a number', answers('7'), /not the manifest of a pair/],
  ['of something else', with_({ kind: 'saved_model' }), /not the manifest of a pair/],
  ['of a newer format', with_({ format: 2 }), /has format 2, this page reads 1/],
  ['of a newer major version', with_({ schema_version: '2.0' }), /schema version 2\.0, this page reads 1\.x/],
  ['of a version that is none', with_({ schema_version: 'new' }), /schema version new/],
  ['without a size', with_({ image_size: '32' }), /no usable "image_size"/],
  ['without a range', with_({ value_range: [1, -1] }), /no usable "value_range"/],
  ['without signatures', with_({ signatures: {} }), /no usable "signatures"/],
  ['without variants', with_({ variants: undefined }), /no usable "variants"/],
  ['without a variant', with_({ variants: {} }), /lists no variant with files/],
  ['without files', with_({ files: null }), /no usable "files"/],
  ['without a file of a variant', with_({ files: {} }), /no size and checksum for encoder_x/],
  ['without a generator', with_({ variants: { x: { shipped: true, encoder: 'encoder_x.tflite' } } }), /names no generator file for x/],
  ['with a file of another folder', with_({ variants: { x: { shipped: true, encoder: '../x' } } }), /names no encoder file for x/],
]) {
  test(`a manifest that is ${name} is one sentence`, async () => {
    await assert.rejects(manifests.load(ADDRESS, answer), (error) => {
      assert.equal(error.name, 'ModelError');
      assert.match(error.message, message);
      return true;
    });
  });
}

test('a manifest that recommends nothing, or what is not there, gets its first variant', () => {
  for (const recommended of [undefined, {}, { cpu: 'y' }, { cpu: '' }]) {
    assert.equal(manifests.recommended({ ...good, recommended }), 'x');
  }
});

// The cases that Python and the app read as well.
if (existsSync(new URL('cases.json', GOLDEN))) {
  for (const { file, ok, sentence } of JSON.parse(readFileSync(new URL('cases.json', GOLDEN)))) {
    test(`golden manifest ${file}: ${ok ? 'read' : sentence}`, async () => {
      const reading = manifests.load(ADDRESS, answers(readFileSync(new URL(file, GOLDEN))));
      if (ok) await reading;
      else await assert.rejects(reading, (error) => error.message.includes(sentence));
    });
  }
}
