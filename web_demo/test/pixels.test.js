// Pre- and postprocessing against vectors that the Python side wrote.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { toBytes, toFloats, withAlpha } from '../src/pixels.js';
import { centered, inside, resized, square } from '../src/resample.js';

const golden = JSON.parse(await readFile(new URL('golden.json', import.meta.url)));
const RANGE = [-1, 1];

test('bytes become the floats that training sees', () => {
  const floats = toFloats(Uint8ClampedArray.from({ length: 256 }, (_, i) => i), RANGE);
  for (const [i, expected] of golden.from_bytes.entries()) {
    assert.ok(Math.abs(floats[i] - expected) < 1e-6, `byte ${i}`);
  }
});

test('floats become the bytes that Python writes, clipped', () => {
  assert.deepEqual([...toBytes(golden.floats, RANGE)], golden.to_bytes);
});

test('every byte survives the way there and back, in any range', () => {
  const every = Uint8ClampedArray.from({ length: 256 }, (_, i) => i);
  for (const range of [RANGE, [0, 1], [-3, 7]]) {
    assert.deepEqual(toBytes(toFloats(every, range), range), every);
  }
});

for (const { picture: number, fit, square: expected } of golden.seen) {
  const { width, height, size, rgb } = golden.squares[number];
  test(`${width} x ${height} pixels in a square of ${size} by ${fit} are what Python shows the model`, () => {
    const picture = { bytes: Uint8ClampedArray.from(rgb), channels: 3, width, height };
    const found = square(picture, { x: 0, y: 0, width, height }, size, fit).bytes;
    assert.ok(found.every((value, i) => Math.abs(value - expected[i]) <= 1)); // tall pictures: see resample.js
  });
}

for (const { width, height, size, rgb, square: expected } of golden.squares) {
  test(`the middle of ${width} x ${height} pixels is cut to ${size} as Pillow does`, () => {
    const { x, y, side } = centered(width, height);
    const picture = { bytes: Uint8ClampedArray.from(rgb), channels: 3, width, height };
    assert.deepEqual([...square(picture, { x, y, width: side, height: side }, size, 'stretch').bytes], expected);
  });
}

test('a cut of a part equals the part of an unscaled picture', () => {
  const { width, height, rgb } = golden.squares[1];
  const picture = { bytes: Uint8ClampedArray.from(rgb), channels: 3, width, height };
  const found = resized(picture, { x: 3, y: 10, width: 5, height: 5 }, 5, 5);
  for (let y = 0; y < 5; y++) {
    const start = ((10 + y) * width + 3) * 3;
    assert.deepEqual([...found.slice(y * 15, y * 15 + 15)], rgb.slice(start, start + 15));
  }
});

test('a square is moved and shrunk into the picture', () => {
  assert.deepEqual(inside({ x: -5, y: 90, side: 40 }, 100, 100), { x: 0, y: 60, side: 40 });
  assert.deepEqual(inside({ x: 10, y: 10, side: 500 }, 100, 60), { x: 10, y: 0, side: 60 });
  assert.deepEqual(inside({ x: 1, y: 1, side: 2 }, 100, 60, 6), { x: 1, y: 1, side: 6 });
});

test('RGB becomes opaque RGBA', () => {
  const rgb = Uint8ClampedArray.from([1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...withAlpha(rgb)], [1, 2, 3, 255, 4, 5, 6, 255]);
});
