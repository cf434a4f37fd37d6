// What happens between the visitor and the model: which job runs, squares, names of files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byCorner, limited, moved, pinched, scaled, SMALLEST } from '../src/crop.js';
import * as saving from '../src/saving.js';
import { Latest } from '../src/translation.js';

const picture = { width: 300, height: 200 };
const start = { x: 50, y: 40, side: 100 };

test('of jobs that come while one runs only the last is done', async () => {
  const [done, busy] = [[], []];
  let idle;
  const latest = new Latest((on) => {
    busy.push(on);
    if (!on) idle();
  });
  const job = (name) => async (signal) => {
    await Promise.resolve();
    done.push([name, signal.aborted]);
  };
  const finished = () => new Promise((resolve) => (idle = resolve));
  const first = finished();
  for (const name of ['a', 'b', 'c', 'd']) latest.request(job(name));
  await first;
  assert.deepEqual(done, [['a', true], ['d', false]]);
  assert.deepEqual(busy, [true, false]);
  const second = finished();
  latest.request(job('e'));
  await second;
  assert.deepEqual(done.at(-1), ['e', false]);
});

test('a square that was dragged out and back is where the pointer is', () => {
  assert.deepEqual(moved(start, 1000, 0, picture), { x: 200, y: 40, side: 100 });
  assert.deepEqual(moved(start, 7, -3, picture), { x: 57, y: 37, side: 100 });
});

test('the corner opposite of the dragged one stays', () => {
  for (const [corner, dx, dy] of [['se', 20, 20], ['nw', -20, -20], ['ne', 20, -20], ['sw', -20, 20]]) {
    const box = byCorner(start, corner, dx, dy, picture);
    assert.equal(box.side, 120);
    const fixed = (b) => [corner.includes('e') ? b.x : b.x + b.side, corner.includes('s') ? b.y : b.y + b.side];
    assert.deepEqual(fixed(box), fixed(start));
  }
});

test('no gesture leaves the picture or makes the square too small', () => {
  const boxes = [
    ...['nw', 'ne', 'sw', 'se'].flatMap((corner) =>
      [-999, 999].map((d) => byCorner(start, corner, d, d, picture)),
    ),
    scaled(start, 99, picture), scaled(start, 0.001, picture), scaled(start, 2, picture, { x: 0, y: 0 }),
    moved(start, -999, 999, picture), limited({ x: -5, y: 500, side: 900 }, picture),
    pinched(start, [{ x: 0, y: 0 }, { x: 10, y: 0 }], [{ x: 0, y: 0 }, { x: 900, y: 0 }], picture),
  ];
  for (const { x, y, side } of boxes) {
    assert.ok(x >= 0 && y >= 0 && x + side <= picture.width && y + side <= picture.height);
    assert.ok(side >= SMALLEST * picture.height - 1e-9);
  }
});

test('two fingers resize around the point between them and move with it', () => {
  const fingers = (x, y, apart) => [{ x: x - apart, y }, { x: x + apart, y }];
  const smaller = pinched(start, fingers(100, 90, 40), fingers(100, 90, 20), picture);
  assert.deepEqual(smaller, { x: 75, y: 65, side: 50 });
  const carried = pinched(start, fingers(100, 90, 40), fingers(130, 80, 40), picture);
  assert.deepEqual(carried, { x: 80, y: 30, side: 100 });
});

test('the wheel keeps the point under the pointer', () => {
  const point = { x: 70, y: 60 };
  const box = scaled(start, 0.5, picture, point);
  assert.equal((point.x - box.x) / box.side, (point.x - start.x) / start.side);
});

test('file names say what was made from what', () => {
  const drawn = { source: 'C:\\My Cat (2).JPEG', look: 'reef.png' };
  assert.equal(saving.nameOf(drawn), 'My-Cat-2-in-look-reef');
  assert.equal(saving.nameOf({ ...drawn, second: 'moss', share: 30 }), 'My-Cat-2-in-look-reef-and-30-percent-moss');
  assert.equal(saving.stem('../猫 & ß.png'), '猫-ß');
  assert.equal(saving.stem('???'), 'picture');
  assert.equal(saving.nameOfGrid(2, 3), '2-pictures-in-3-looks');
  assert.equal(saving.spoken('my cat.v2.jpg'), 'my cat.v2');
});

test('results of JPEG files are JPEG files, all others PNG', () => {
  assert.equal(saving.formatFor(new Blob([], { type: 'image/jpeg' })).ending, 'jpg');
  for (const type of ['image/png', 'image/webp', '']) assert.equal(saving.formatFor(new Blob([], { type })).ending, 'png');
});
