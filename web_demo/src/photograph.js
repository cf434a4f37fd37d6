// A part of a photograph redrawn, pasted into the rest: tunit_tf/inference/photograph.py and masking.py in
// JavaScript, row by row.

import { ColorMap, Detail } from './detail.js';

const FEATHER_SHARE = 32; // by default, an edge is feathered over this part of the shorter side

/**
 * A function that redraws one row of a photograph.
 *
 * @param {{width: number, height: number}} size Of the photograph.
 * @param {{x: number, y: number, width: number, height: number}} box What is redrawn, in whole pixels.
 * @param {{width: number, height: number, source: Uint8ClampedArray, translation: Uint8ClampedArray}} seen
 *   RGB of what the network saw of the box, and of what it drew.
 * @param {object} settings detail: 0..1; colorsOnly; feather in pixels, by default a 32nd of the box's shorter side;
 *   mask: a byte for every pixel of the photograph, 255 where it is to be redrawn.
 * @returns {(y: number, row: Uint8ClampedArray) => void} Redraws a row of RGBA in place.
 */
export function redrawing(size, box, seen, { detail = 1, colorsOnly = false, feather, mask } = {}) {
  if (mask && mask.length !== size.width * size.height) {
    throw new RangeError(`A mask needs a byte for each of ${size.width} × ${size.height} pixels; it has ${mask.length}.`);
  }
  const plan = colorsOnly ? new ColorMap(seen, box) : new Detail(seen, box, detail);
  const reach = (feather ?? Math.floor(Math.min(box.width, box.height) / FEATHER_SHARE)) + 1;
  const shares = mask ? maskShares(size, box, reach, mask) : regionShares(size, box, reach);
  const drawn = new Uint8ClampedArray(4 * box.width);
  return (y, row) => {
    if (y < box.y || y >= box.y + box.height) return;
    const given = row.subarray(4 * box.x, 4 * (box.x + box.width));
    if (isOpaque(given)) plan.row(y - box.y, given, drawn);
    else drawUnderAlpha(given, drawn, (seenOverWhite) => plan.row(y - box.y, seenOverWhite, drawn));
    mix(given, drawn, shares(y - box.y));
  };
}

function isOpaque(rgba) {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return false;
  return true;
}

/** What is seen over white is redrawn, and colors are chosen that look so over white. */
function drawUnderAlpha(given, drawn, redraw) {
  const seen = new Uint8ClampedArray(given.length);
  const over = (at) => {
    const alpha = given[(at | 3)] / 255;
    return 255 + alpha * (given[at] - 255);
  };
  for (let at = 0; at < given.length; at++) seen[at] = over(at);
  redraw(seen);
  for (let at = 0; at < given.length; at += 4) {
    const alpha = Math.max(given[at + 3], 1) / 255;
    for (let c = at; c < at + 3; c++) drawn[c] = given[at + 3] ? 255 + (drawn[c] - 255) / alpha : 255;
  }
}

/** Mixes a row into the given one, in place: nothing where the share is 0, all where it is 1. */
function mix(given, drawn, shares) {
  for (let x = 0, at = 0; x < shares.length; x++, at += 4) {
    const share = shares[x];
    if (share === 1) {
      given[at] = drawn[at];
      given[at + 1] = drawn[at + 1];
      given[at + 2] = drawn[at + 2];
    } else if (share > 0) {
      for (let c = at; c < at + 3; c++) given[c] += share * (drawn[c] - given[c]);
    }
  }
}

/** Shares that fade towards the edges of a box, but not towards those of the photograph. */
function regionShares(size, box, reach) {
  const across = fading(box.x, box.width, size.width, reach);
  const down = fading(box.y, box.height, size.height, reach);
  const row = new Float32Array(box.width);
  return (y) => {
    for (let x = 0; x < row.length; x++) row[x] = Math.min(across[x], down[y]);
    return row;
  };
}

function fading(start, length, whole, reach) {
  return Float32Array.from({ length }, (_, i) => {
    const before = start > 0 ? i + 1 : reach;
    const after = start + length < whole ? length - i : reach;
    return Math.min(before, after, reach) / reach;
  });
}

/** Shares of a mask, which also fade towards its black pixels. */
function maskShares(size, box, reach, mask) {
  const cut = (x, y) => mask[(box.y + y) * size.width + box.x + x];
  const edges = [box.x > 0, box.x + box.width < size.width]; // left and right of the box
  const below = distancesDown(size, box, reach, cut);
  const row = new Float32Array(box.width);
  return (y) => {
    const squares = new Float64Array(box.width + 2); // with the pixels left and right of the box
    squares.set([edges[0] ? 0 : reach ** 2]);
    for (let x = 0; x < box.width; x++) squares[x + 1] = below[y * box.width + x] ** 2;
    squares[box.width + 1] = edges[1] ? 0 : reach ** 2;
    const nearest = distancesAcross(squares);
    for (let x = 0; x < row.length; x++) {
      row[x] = (cut(x, y) / 255) * Math.min(1, Math.sqrt(nearest[x + 1]) / reach);
    }
    return row;
  };
}

/** In every column of a box, pixels to the nearest black one, at most `reach`. */
function distancesDown(size, box, reach, cut) {
  const found = new Uint16Array(box.width * box.height);
  const [above, under] = [box.y > 0, box.y + box.height < size.height].map((edge) => (edge ? 0 : reach));
  for (let x = 0; x < box.width; x++) {
    for (let y = 0, last = above; y < box.height; y++) {
      last = cut(x, y) ? Math.min(last + 1, reach) : 0;
      found[y * box.width + x] = last;
    }
    for (let y = box.height - 1, last = under; y >= 0; y--) {
      last = cut(x, y) ? Math.min(last + 1, reach) : 0;
      found[y * box.width + x] = Math.min(found[y * box.width + x], last);
    }
  }
  return found;
}

/** min over j of (i - j)^2 + squares[j], by the lower envelope of parabolas (Felzenszwalb and Huttenlocher). */
function distancesAcross(squares) {
  const count = squares.length;
  const [at, from] = [new Int32Array(count), new Float64Array(count + 1)];
  const meet = (i, j) => (squares[i] + i * i - squares[j] - j * j) / (2 * (i - j));
  let last = 0;
  from[0] = -Infinity;
  for (let i = 1; i < count; i++) {
    while (last >= 0 && meet(i, at[last]) <= from[last]) last--;
    at[++last] = i;
    from[last] = last ? meet(i, at[last - 1]) : -Infinity;
  }
  from[last + 1] = Infinity;
  const found = new Float64Array(count);
  for (let i = 0, k = 0; i < count; i++) {
    while (from[k + 1] < i) k++;
    found[i] = (i - at[k]) ** 2 + squares[at[k]];
  }
  return found;
}
