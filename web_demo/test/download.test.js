// Files of the model: used and stored only if they are what the manifest says.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { download } from '../src/download.js';

const ADDRESS = new URL('http://localhost/models/encoder_x.tflite');
const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const sha256 = createHash('sha256').update(content).digest('hex');
const expected = { name: 'encoder_x.tflite', bytes: content.length, sha256 };

/** The browser's CacheStorage as far as it is used, in memory; `full` refuses new entries. */
function storage({ full = false } = {}) {
  const kept = new Map();
  const store = {
    match: async (url) => kept.get(String(url))?.clone(),
    delete: async (url, { ignoreSearch } = {}) => {
      const [name] = String(url).split('?');
      for (const key of kept.keys()) if (ignoreSearch ? key.startsWith(name) : key === String(url)) kept.delete(key);
    },
    put: async (url, response) => {
      if (full) throw new DOMException('storage is full', 'QuotaExceededError');
      kept.set(String(url), response);
    },
  };
  return { kept, caches: { open: async () => store } };
}

/** A server that gives one answer after the other, then the last one forever. */
function server(...bodies) {
  const asked = [];
  const get = async (url, options) => {
    asked.push(options);
    const body = bodies[Math.min(asked.length, bodies.length) - 1];
    return body instanceof Response ? body.clone() : new Response(body);
  };
  return { asked, get };
}

test('a file is fetched with progress, stored, and not fetched again', async () => {
  const { caches, kept } = storage();
  const { get, asked } = server(content);
  const seen = [];
  const first = await download(ADDRESS, expected, (received) => seen.push(received), { get, caches });
  assert.deepEqual(first, { content, kept: true });
  assert.equal(seen.at(-1), content.length);
  assert.equal(kept.size, 1);
  assert.deepEqual(await download(ADDRESS, expected, undefined, { get, caches }), first);
  assert.equal(asked.length, 1);
});

test('a damaged stored file is deleted and fetched again', async () => {
  const { caches, kept } = storage();
  await download(ADDRESS, expected, undefined, { get: server(content).get, caches });
  kept.set([...kept.keys()][0], new Response(content.slice(0, 500)));
  const { get, asked } = server(content);
  assert.deepEqual((await download(ADDRESS, expected, undefined, { get, caches })).content, content);
  assert.equal(asked.length, 1);
  assert.equal((await [...kept.values()][0].arrayBuffer()).byteLength, content.length);
});

for (const [name, wrong] of [
  ['changed', content.with(7, 255)],
  ['cut short', content.slice(0, 999)],
  ['too long', new Uint8Array(1001)],
]) {
  test(`a file that arrives ${name} is fetched again, past the HTTP cache`, async () => {
    const { caches } = storage();
    const { get, asked } = server(wrong, content);
    assert.deepEqual((await download(ADDRESS, expected, undefined, { get, caches })).content, content);
    assert.deepEqual(asked, [{}, { cache: 'reload' }]);
  });

  test(`a file that stays ${name} is neither used nor stored`, async () => {
    const { caches, kept } = storage();
    const { get, asked } = server(wrong);
    await assert.rejects(
      download(ADDRESS, expected, undefined, { get, caches }),
      /encoder_x\.tflite is damaged or from another export/,
    );
    assert.equal(asked.length, 2);
    assert.equal(kept.size, 0);
  });
}

test('the next version of a file takes the place of the last', async () => {
  const { caches, kept } = storage();
  await download(ADDRESS, expected, undefined, { get: server(content).get, caches });
  const other = content.toReversed();
  const newer = { ...expected, sha256: createHash('sha256').update(other).digest('hex') };
  await download(ADDRESS, newer, undefined, { get: server(other).get, caches });
  assert.equal(kept.size, 1);
});

test('a file that cannot be stored is used all the same', async () => {
  for (const caches of [storage({ full: true }).caches, undefined, { open: async () => { throw new Error('closed'); } }]) {
    const found = await download(ADDRESS, expected, undefined, { get: server(content).get, caches });
    assert.deepEqual(found, { content, kept: false });
  }
});

for (const [name, get, message] of [
  ['missing', async () => new Response('', { status: 404 }), /is missing on the server: export the model again/],
  ['refused', async () => new Response('', { status: 503 }), /does not send encoder_x\.tflite \(status 503\)/],
  ['unreachable', async () => Promise.reject(new TypeError('x')), /cannot be reached: check the connection/],
  ['broken off', async () => new Response(new ReadableStream({ pull: (c) => c.error(new TypeError('x')) })), /cannot be reached/],
]) {
  test(`a file that is ${name} is one sentence`, async () => {
    await assert.rejects(download(ADDRESS, expected, undefined, { get, caches: storage().caches }), message);
  });
}
