// Pre- and postprocessing against vectors that the Python side wrote.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { mixed, toBytes, toFloats, withAlpha, withoutAlpha } from '../src/pixels.js';
import { centered, inside, square } from '../src/resample.js';

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

for (const { width, height, size, rgb, square: expected } of golden.squares) {
  test(`the middle of ${width} x ${height} pixels is cut to ${size} as Pillow does`, () => {
    const found = square(Uint8ClampedArray.from(rgb), width, height, centered(width, height), size);
    assert.deepEqual([...found], expected);
  });
}

test('a cut of a part equals the part of an unscaled picture', () => {
  const { width, height, rgb } = golden.squares[1];
  const found = square(Uint8ClampedArray.from(rgb), width, height, { x: 3, y: 10, side: 5 }, 5);
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

test('alpha comes and goes without a trace', () => {
  const rgb = Uint8ClampedArray.from([1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...withAlpha(rgb)], [1, 2, 3, 255, 4, 5, 6, 255]);
  assert.deepEqual(withoutAlpha(withAlpha(rgb)), rgb);
});

test('mixed styles are straight lines, or lie on the sphere', () => {
  const [a, b] = [Float32Array.from([1, 0]), Float32Array.from([0, 1])];
  assert.deepEqual([...mixed(a, b, 0.25, false)], [0.75, 0.25]);
  const half = mixed(a, b, 0.5, true);
  assert.ok(Math.abs(Math.hypot(...half) - 1) < 1e-6);
  assert.equal(half[0], half[1]);
  assert.deepEqual(mixed(a, b, 0, true), a);
});
