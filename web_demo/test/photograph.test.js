// Photographs redrawn at their own size: what Python draws, and properties.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { redrawing } from '../src/photograph.js';

const VECTORS = JSON.parse(readFileSync(new URL('../../tests/inference/detail_vectors.json', import.meta.url)));
const bytes = (base64) => base64 && new Uint8ClampedArray(Buffer.from(base64, 'base64'));

/** RGB of a redrawn photograph. */
function redrawn(rgb, { width, height }, box, seen, settings) {
  const redraw = redrawing({ width, height }, box, seen, settings);
  const result = new Uint8ClampedArray(rgb.length);
  for (let y = 0; y < height; y++) {
    const row = Uint8ClampedArray.from({ length: 4 * width }, (_, i) =>
      i % 4 === 3 ? 255 : rgb[3 * (y * width + (i >> 2)) + (i % 4)]);
    redraw(y, row);
    for (let i = 0; i < 3 * width; i++) result[3 * y * width + i] = row[4 * Math.floor(i / 3) + (i % 3)];
  }
  return result;
}

for (const [i, one] of VECTORS.entries()) {
  const [width, height] = one.size;
  const { detail, colors_only: colorsOnly, feather } = one;
  const how = `${colorsOnly ? 'colors only' : `detail ${detail}`}, feather ${feather}${one.mask ? ', a mask' : ''}`;
  test(`${i}: ${width} x ${height} pixels, box ${one.box}, ${how} are what Python draws`, () => {
    const [left, top, right, bottom] = one.box;
    const found = redrawn(
      bytes(one.photograph), { width, height },
      { x: left, y: top, width: right - left, height: bottom - top },
      { width: one.network_size[0], height: one.network_size[1], source: bytes(one.source), translation: bytes(one.translation) },
      { detail, colorsOnly, feather, mask: bytes(one.mask) },
    );
    const gaps = Array.from(bytes(one.result), (value, j) => Math.abs(value - found[j]));
    assert.ok(Math.max(...gaps) <= 1, `${Math.max(...gaps)} of 255`);
  });
}

const noise = (length, seed) => {
  let state = seed;
  return Uint8ClampedArray.from({ length }, () => (state = (state * 1103515245 + 12345) % 2 ** 31) >> 16);
};

test('what the network leaves as it is stays as it is', () => {
  const size = { width: 37, height: 23 };
  const [source, photograph] = [noise(8 * 8 * 3, 1), noise(37 * 23 * 3, 2)];
  const box = { x: 0, y: 0, ...size };
  for (const settings of [{}, { colorsOnly: true }]) {
    const seen = { width: 8, height: 8, source, translation: source };
    assert.deepEqual(redrawn(photograph, size, box, seen, settings), photograph);
  }
});

test('transparent pixels keep their alpha, and look over white as opaque ones', () => {
  const seen = { width: 1, height: 1, source: noise(3, 1), translation: noise(3, 5) };
  const size = { width: 3, height: 1 };
  const redraw = redrawing(size, { x: 0, y: 0, ...size }, seen, {});
  const row = Uint8ClampedArray.from([10, 20, 30, 0, 40, 60, 80, 128, 40, 60, 80, 255]);
  const over = (at) => Math.round(255 + (row[at | 3] / 255) * (row[at] - 255));
  const opaque = Uint8ClampedArray.from(row, (value, at) => (at % 4 === 3 ? 255 : over(at)));
  redraw(0, row);
  redraw(0, opaque);
  assert.deepEqual([row[3], row[7], row[11]], [0, 128, 255]);
  assert.deepEqual([...row.slice(0, 3)], [255, 255, 255]);
  for (let at = 8; at < 11; at++) assert.equal(row[at], opaque[at]);
  // Where no color can be chosen that looks so, the nearest.
  for (let at = 4; at < 7; at++) assert.ok(Math.abs(over(at) - Math.max(opaque[at], 127)) <= 2);
});
