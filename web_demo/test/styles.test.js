// Looks mixed and drawn at random.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mixed, randomStyle } from '../src/styles.js';

test('mixed styles are straight lines, or lie on the sphere', () => {
  const [a, b] = [Float32Array.from([1, 0]), Float32Array.from([0, 1])];
  assert.deepEqual([...mixed(a, b, 0.25, false)], [0.75, 0.25]);
  assert.deepEqual([...mixed(a, b, 1.5, false)], [-0.5, 1.5]);
  const half = mixed(a, b, 0.5, true);
  assert.ok(Math.abs(Math.hypot(...half) - 1) < 1e-6);
  assert.equal(half[0], half[1]);
  assert.deepEqual(mixed(a, b, 0, true), a);
});

/** Numbers in [0, 1) that are the same in every run. */
function generator(seed) {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}

test('random looks are spread around the averages as the manifest says, groups as often as they have images', () => {
  const domains = [
    { images: 30, average_style: [10, 0], style_deviation: [0.5, 2] },
    { images: 10, average_style: [-10, 0], style_deviation: [0.5, 2] },
    { images: 0, average_style: null },
  ];
  const random = generator(1);
  const drawn = Array.from({ length: 4000 }, () => randomStyle(domains, false, random));
  const first = drawn.filter(([x]) => x > 0);
  assert.ok(Math.abs(first.length / drawn.length - 0.75) < 0.03);
  const moments = (values) => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
  };
  for (const [i, mean, deviation] of [[0, 10, 0.5], [1, 0, 2]]) {
    const [found, spread] = moments(first.map((style) => style[i]));
    assert.ok(Math.abs(found - mean) < 0.1 * deviation && Math.abs(spread / deviation - 1) < 0.06);
  }
});

test('without deviations, looks are spread half as much as the averages; without averages there are none', () => {
  const domains = [{ images: 1, average_style: [4] }, { images: 1, average_style: [-4] }];
  const random = generator(2);
  const drawn = Array.from({ length: 3000 }, () => randomStyle(domains, false, random)[0]).filter((value) => value > 0);
  const mean = drawn.reduce((a, b) => a + b) / drawn.length;
  assert.ok(Math.abs(mean - 4) < 0.4);
  assert.equal(randomStyle([{ images: 0, average_style: null }], false), null);
  assert.equal(randomStyle(undefined, true), null);
  assert.ok(Math.abs(Math.hypot(...randomStyle(domains, true)) - 1) < 1e-6);
});
