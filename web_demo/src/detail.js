// A photograph redrawn at its own size, from the small translation of a network: tunit_tf/inference/detail.py in
// JavaScript, whose head explains the arithmetic; tests compare the two by shared vectors.

import { BILINEAR, weights } from './resample.js';

const [RED, GREEN, BLUE] = [0.299, 0.587, 0.114]; // luminance, Rec. 601
const KEPT_COLOR = 16; // of 255; from this difference on, only luminance is taken from the photograph
const GRID = 16; // windows of a color map in either direction
const RIDGE = 1e-3 * 255 ** 2;
const REMEMBERED = 4; // sizes
const remembered = new Map(); // frames of a camera are all of one size

/** The network's picture with the photograph's detail. */
export class Detail {
  #detail;
  #enlarged;

  /**
   * @param {{width: number, height: number, source: Uint8ClampedArray, translation: Uint8ClampedArray}} seen
   *   RGB of what the network saw of the photograph, and of what it drew.
   * @param {{width: number, height: number}} size Of the photograph.
   * @param {number} detail From 0, the enlarged translation, to 1, all detail of the photograph.
   */
  constructor({ width: w, height: h, source, translation }, { width, height }, detail) {
    this.#detail = detail;
    const change = new Float64Array(w * h * 3);
    const planes = new Float64Array(w * h * 4); // change of red, green, blue, and how much color is kept
    for (let i = 0, at = 0; i < w * h; i++, at += 3) {
      const grayX = luminance(source[at], source[at + 1], source[at + 2]);
      const grayY = luminance(translation[at], translation[at + 1], translation[at + 2]);
      let moved = 0;
      for (let c = at; c < at + 3; c++) moved = Math.max(moved, Math.abs(translation[c] - grayY - source[c] + grayX));
      const kept = Math.max(0, 1 - moved / KEPT_COLOR);
      planes[4 * i + 3] = kept;
      for (let c = at; c < at + 3; c++) change[c] = translation[c] - detail * (grayX + kept * (source[c] - grayX));
    }
    correct(change, h, height, w * 3, 3 * w, 1); // down every column
    correct(change, w, width, 3, h, 3 * w, 3); // across every row
    for (let i = 0; i < w * h; i++) for (let c = 0; c < 3; c++) planes[4 * i + c] = change[3 * i + c];
    this.#enlarged = new Enlarged(planes, 4, w, h, width, height);
  }

  /**
   * One row of the result.
   *
   * @param {number} y Which.
   * @param {Uint8ClampedArray} given The same row of the photograph, RGBA.
   * @param {Uint8ClampedArray} drawn Receives the row; its alpha is not written.
   */
  row(y, given, drawn) {
    const { count, starts, taps } = this.#enlarged.across;
    const planes = this.#enlarged.narrow(y);
    const draw = count === 4 ? drawEnlarged : drawReduced;
    draw(planes, starts, taps, count, this.#detail, given, drawn);
  }
}

/** The innermost loop of all: four weights per pixel, as wherever the photograph is the larger one. */
function drawEnlarged(p, starts, taps, count, detail, given, drawn) {
  for (let x = 0, at = 0; x < starts.length; x++, at += 4) {
    const a = taps[at];
    const b = taps[at + 1];
    const c = taps[at + 2];
    const d = taps[at + 3];
    const i = 4 * starts[x];
    const kept = detail * (a * p[i + 3] + b * p[i + 7] + c * p[i + 11] + d * p[i + 15]);
    const gray = RED * given[at] + GREEN * given[at + 1] + BLUE * given[at + 2];
    const luminance = detail * gray - kept * gray + 0.5;
    const red = a * p[i] + b * p[i + 4] + c * p[i + 8] + d * p[i + 12] + kept * given[at] + luminance;
    const green = a * p[i + 1] + b * p[i + 5] + c * p[i + 9] + d * p[i + 13] + kept * given[at + 1] + luminance;
    const blue = a * p[i + 2] + b * p[i + 6] + c * p[i + 10] + d * p[i + 14] + kept * given[at + 2] + luminance;
    drawn[at] = red < 0 ? 0 : red > 255 ? 255 : red | 0; // faster than the array's own rounding
    drawn[at + 1] = green < 0 ? 0 : green > 255 ? 255 : green | 0;
    drawn[at + 2] = blue < 0 ? 0 : blue > 255 ? 255 : blue | 0;
  }
}

/** The same for any number of weights. */
function drawReduced(planes, starts, taps, count, detail, given, drawn) {
  const sums = new Float64Array(4);
  for (let x = 0, at = 0; x < starts.length; x++, at += 4) {
    enlargedPixel(planes, 4, starts[x], taps, x * count, count, sums);
    const gray = luminance(given[at], given[at + 1], given[at + 2]);
    for (let c = 0; c < 3; c++) drawn[at + c] = sums[c] + detail * (gray + sums[3] * (given[at + c] - gray));
  }
}

/** Weighted sums of `count` neighboring pixels. */
function enlargedPixel(planes, channels, start, taps, tap, count, sums) {
  sums.fill(0);
  for (let k = 0, from = start * channels; k < count; k++) {
    const weight = taps[tap + k];
    for (let c = 0; c < channels; c++) sums[c] += weight * planes[from++];
  }
}

/** The photograph in the translation's colors; parameters as those of `Detail`. */
export class ColorMap {
  #enlarged;

  constructor({ width: w, height: h, source, translation }, { width, height }) {
    const values = 3 + 3 + 9 + 9; // x, change, their products
    const fields = new Float64Array(w * h * values);
    for (let i = 0; i < w * h; i++) {
      const field = fields.subarray(i * values, (i + 1) * values);
      for (let c = 0; c < 3; c++) {
        field[c] = source[3 * i + c];
        field[3 + c] = translation[3 * i + c] - source[3 * i + c];
      }
      for (let a = 0; a < 3; a++) {
        for (let b = 0; b < 3; b++) {
          field[6 + 3 * a + b] = field[a] * field[b];
          field[15 + 3 * a + b] = field[a] * field[3 + b];
        }
      }
    }
    const means = windowMeans(fields, w, h, values);
    const planes = new Float64Array(GRID * GRID * 12);
    for (let i = 0; i < GRID * GRID; i++) {
      planes.set(fitted(means.subarray(i * values, (i + 1) * values)), 12 * i);
    }
    this.#enlarged = new Enlarged(planes, 12, GRID, GRID, width, height);
  }

  /** See `Detail.row`. */
  row(y, given, drawn) {
    const { count, starts, taps } = this.#enlarged.across;
    const planes = this.#enlarged.narrow(y);
    const map = new Float64Array(12);
    for (let x = 0, at = 0; x < starts.length; x++, at += 4) {
      enlargedPixel(planes, 12, starts[x], taps, x * count, count, map);
      const r = given[at];
      const g = given[at + 1];
      const b = given[at + 2];
      drawn[at] = r + map[9] + map[0] * r + map[3] * g + map[6] * b;
      drawn[at + 1] = g + map[10] + map[1] * r + map[4] * g + map[7] * b;
      drawn[at + 2] = b + map[11] + map[2] * r + map[5] * g + map[8] * b;
    }
  }
}

function luminance(r, g, b) {
  return RED * r + GREEN * g + BLUE * b;
}

/**
 * Makes up for what interpolation loses, along one axis of an array, in place.
 *
 * @param {Float64Array} values The array.
 * @param {number} length Values of a line along the axis.
 * @param {number} full Pixels that the line is enlarged to.
 * @param {number} step Between neighbors of a line.
 * @param {number} lines Lines that begin at 0, `next`, 2 `next`, ...
 * @param {number} next Between the lines.
 * @param {number} channels Lines that begin at each of these places.
 */
function correct(values, length, full, step, lines, next, channels = 1) {
  const { count, starts, taps } = thereAndBack(length, full);
  const given = new Float64Array(length);
  for (let line = 0; line < lines; line++) {
    for (let channel = 0; channel < channels; channel++) {
      const start = line * next + channel;
      for (let i = 0; i < length; i++) given[i] = values[start + i * step];
      for (let i = 0; i < length; i++) {
        let sum = 2 * given[i];
        for (let k = 0, from = starts[i], tap = i * count; k < count; k++) sum -= taps[tap++] * given[from++];
        values[start + i * step] = sum;
      }
    }
  }
}

/** What is left of a line of pixels that is enlarged and reduced again, as `even` weights; the last few are remembered. */
function thereAndBack(length, full) {
  const key = `${length} ${full}`;
  const found = remembered.get(key) ?? computedThereAndBack(length, full);
  remembered.delete(key);
  remembered.set(key, found);
  if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value);
  return found;
}

function computedThereAndBack(length, full) {
  const there = weights(length, full);
  const rows = weights(full, length).map(({ first, weights: back }) => {
    const row = new Float64Array(length);
    back.forEach((share, k) => {
      const { first: from, weights: w } = there[first + k];
      w.forEach((weight, j) => (row[from + j] += share * weight));
    });
    const start = row.findIndex((weight) => weight !== 0);
    return { first: start, weights: row.subarray(start, row.findLastIndex((weight) => weight !== 0) + 1) };
  });
  return even(rows, length);
}

/** Means over GRID x GRID overlapping windows of an image of `count` values per pixel. */
function windowMeans(fields, w, h, count) {
  const mean = (values, rows, inner, taps) => {
    const found = new Float64Array(rows * taps.length * inner);
    for (let row = 0; row < rows; row++) {
      taps.forEach(({ first, weights: weight }, i) => {
        const to = (row * taps.length + i) * inner;
        weight.forEach((share, k) => {
          const from = (row * (values.length / inner / rows) + first + k) * inner;
          for (let j = 0; j < inner; j++) found[to + j] += share * values[from + j];
        });
      });
    }
    return found;
  };
  const across = mean(fields, h, count, weights(w, GRID, 0, w, BILINEAR));
  return mean(across, 1, GRID * count, weights(h, GRID, 0, h, BILINEAR));
}

/** The color map of a window, [9 factors, 3 offsets], from its means. */
function fitted(mean) {
  const rows = [0, 1, 2].map((a) => [
    ...[0, 1, 2].map((b) => mean[6 + 3 * a + b] - mean[a] * mean[b] + (a === b ? RIDGE : 0)),
    ...[0, 1, 2].map((b) => mean[15 + 3 * a + b] - mean[a] * mean[3 + b]),
  ]);
  const factors = solved(rows).flat();
  const offsets = [0, 1, 2].map(
    (b) => mean[3 + b] - [0, 1, 2].reduce((sum, a) => sum + factors[3 * a + b] * mean[a], 0),
  );
  return [...factors, ...offsets];
}

/** Gauss-Jordan for a positive definite matrix beside its right sides, rows of 3 + 3. */
function solved(rows) {
  for (let pivot = 0; pivot < 3; pivot++) {
    rows[pivot] = rows[pivot].map((value) => value / rows[pivot][pivot]);
    for (let other = 0; other < 3; other++) {
      if (other === pivot) continue;
      const factor = rows[other][pivot];
      rows[other] = rows[other].map((value, i) => value - factor * rows[pivot][i]);
    }
  }
  return rows.map((row) => row.slice(3));
}

/** Small planes that are bicubically enlarged, row by row. */
class Enlarged {
  #planes;
  #down;
  #row;

  /**
   * @param {Float64Array} planes h x w x channels.
   * @param {number} channels Values per pixel.
   * @param {number} w Width of the planes.
   * @param {number} h Height of the planes.
   * @param {number} width To enlarge to.
   * @param {number} height To enlarge to.
   */
  constructor(planes, channels, w, h, width, height) {
    this.#planes = planes;
    this.#down = weights(h, height);
    this.#row = new Float64Array(w * channels);
    /** How a row is enlarged: `count` weights in `taps` from the pixel in `starts` on, for every new pixel. */
    this.across = even(weights(w, width), w);
  }

  /** A row of the new height and the small width, w x channels, until the next call. */
  narrow(y) {
    const row = this.#row;
    row.fill(0);
    const { first, weights: down } = this.#down[y];
    down.forEach((weight, k) => {
      const from = (first + k) * row.length;
      for (let i = 0; i < row.length; i++) row[i] += weight * this.#planes[from + i];
    });
    return row;
  }
}

/** The same number of weights for every pixel of a line of `length`, in typed arrays. */
function even(lists, length) {
  const count = lists.reduce((most, { weights: w }) => Math.max(most, w.length), 0);
  const starts = new Int32Array(lists.length);
  const taps = new Float64Array(lists.length * count);
  lists.forEach(({ first, weights: w }, i) => {
    starts[i] = Math.min(first, length - count);
    taps.set(w, i * count + first - starts[i]);
  });
  return { count, starts, taps };
}
