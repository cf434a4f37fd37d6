// Manifest and files: used when right, one clear sentence when wrong.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { download } from '../src/download.js';
import * as manifests from '../src/manifest.js';

const URL_ = new URL('http://localhost/models/manifest.json');
const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const sha256 = createHash('sha256').update(content).digest('hex');
const expected = { name: 'encoder_x.tflite', bytes: content.length, sha256 };
const good = {
  kind: 'tflite',
  format: 1,
  variants: {
    x: { shipped: true, encoder: 'encoder_x.tflite', generator: 'generator_x.tflite' },
    y: { shipped: false },
  },
  files: { 'encoder_x.tflite': { bytes: 1000, sha256 } },
  domains: [{ images: 3, average_style: [0.5, 1] }, { images: 0, average_style: null }],
};

const answers = (body, status = 200) => async () => new Response(body, { status });

test('a good manifest is read', async () => {
  const manifest = await manifests.load(URL_, answers(JSON.stringify(good)));
  assert.deepEqual(manifests.variants(manifest), ['x']);
  assert.deepEqual(manifests.file(manifest, 'x', 'encoder'), expected);
  assert.deepEqual(manifests.averageStyles(manifest), [
    { domain: 0, style: Float32Array.from([0.5, 1]) },
  ]);
});

for (const [name, answer, message] of [
  ['missing', answers('', 404), /There is no model: .*manifest.json is missing.*export.tflite/],
  ['unreachable', async () => Promise.reject(new TypeError('x')), /cannot be reached/],
  ['not JSON', answers('<html>'), /is not a manifest: it is not JSON/],
  ['of something else', answers('{"kind": "saved_model"}'), /not the manifest of a pair/],
  ['newer', answers(JSON.stringify({ ...good, format: 2 })), /has format 2, this page knows 1/],
  ['empty', answers(JSON.stringify({ ...good, variants: {} })), /lists no variant/],
]) {
  test(`a manifest that is ${name} is one sentence`, async () => {
    await assert.rejects(manifests.load(URL_, answer), (error) => {
      assert.ok(error instanceof manifests.ModelError);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('a file is fetched with progress', async () => {
  const seen = [];
  const found = await download(URL_, expected, (received) => seen.push(received), answers(content));
  assert.deepEqual(found, content);
  assert.equal(seen.at(-1), content.length);
});

for (const [name, answer, message] of [
  ['missing', answers('', 404), /encoder_x.tflite is missing beside manifest.json/],
  ['changed', answers(content.with(7, 255)), /another checksum/],
  ['cut short', answers(content.slice(0, 999)), /another checksum/],
  ['too long', answers(new Uint8Array(1001)), /another checksum/],
]) {
  test(`a file that is ${name} is not used`, async () => {
    await assert.rejects(download(URL_, expected, undefined, answer), message);
  });
}
