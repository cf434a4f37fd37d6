// Resizing as Pillow does for training: antialiased, rows, then columns, rounded to bytes in between. (Pillow 13
// takes tall pictures the other way round, which changes bytes by one at most.) Browsers' own resizing differs by
// much more. And what the model sees of a picture: its square.

const A = -0.5; // Keys' parameter

/** Kernels: how many pixels they reach on either side, and their value at a distance of at least 0. */
export const BICUBIC = {
  support: 2,
  at(x) {
    if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
  },
};
export const BILINEAR = { support: 1, at: (x) => Math.max(0, 1 - x) };

/**
 * For each of `size` new pixels of a line, the first old pixel it needs and the weights from there on.
 *
 * @param {number} length Pixels of the line.
 * @param {number} size New pixels.
 * @param {number} start Where the part that is resized begins; fractions are allowed.
 * @param {number} side Length of the part.
 * @param {typeof BICUBIC} kernel Of the interpolation.
 */
export function weights(length, size, start = 0, side = length, kernel = BICUBIC) {
  const scale = side / size;
  const stretch = Math.max(scale, 1); // enlarging needs no antialiasing
  return Array.from({ length: size }, (_, i) => {
    const center = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - kernel.support * stretch + 0.5));
    const end = Math.min(length, Math.trunc(center + kernel.support * stretch + 0.5));
    const raw = [];
    for (let x = first; x < end; x++) raw.push(kernel.at(Math.abs(x - center + 0.5) / stretch));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}

/**
 * RGB bytes of a part of a picture, resized.
 *
 * @param {{bytes: Uint8ClampedArray, channels: number, width: number, height: number}} picture RGB, or RGBA whose
 *   alpha is not read; rows from top to bottom.
 * @param {{x: number, y: number, width: number, height: number}} box The part, pixels; fractions are allowed.
 * @param {number} width Of the result.
 * @param {number} height Of the result.
 * @returns {Uint8ClampedArray} width * height * 3 bytes.
 */
export function resized(picture, box, width, height) {
  const columns = weights(picture.width, width, box.x, box.width);
  const rows = weights(picture.height, height, box.y, box.height);
  const top = rows[0].first;
  const bottom = rows.at(-1).first + rows.at(-1).weights.length;
  return alongColumns(alongRows(picture, top, bottom, columns), width, rows, top);
}

/**
 * What the model sees of a part of a picture, as `Photograph.square` in Python.
 *
 * @param {object} picture As `resized` takes it.
 * @param {{x: number, y: number, width: number, height: number}} box The part, pixels; fractions are allowed.
 * @param {number} size Side of the square.
 * @param {string} fit 'stretch' changes the aspect ratio, 'letterbox' mirrors the picture into the margins.
 * @returns {{bytes: Uint8ClampedArray, shown: {x, y, width, height}}} RGB, and the part without margins.
 */
export function square(picture, box, size, fit) {
  const shown = fit === 'stretch' ? { x: 0, y: 0, width: size, height: size } : letterbox(box.width, box.height, size);
  const inner = resized(picture, box, shown.width, shown.height);
  return { bytes: mirrored(inner, shown, size), shown };
}

/** The place of a picture in its square, where the aspect ratio stays. */
function letterbox(width, height, size) {
  const longest = Math.max(width, height);
  const [w, h] = [width, height].map((side) => Math.max(1, roundHalfEven((side * size) / longest)));
  return { x: (size - w) >> 1, y: (size - h) >> 1, width: w, height: h };
}

/** RGB of a part of a square in the whole square; margins repeat it back and forth. */
function mirrored(inner, { x: left, y: top, width, height }, size) {
  if (width === size && height === size) return inner;
  const fold = (i, length) => {
    const at = ((i % (2 * length)) + 2 * length) % (2 * length);
    return at < length ? at : 2 * length - 1 - at;
  };
  const bytes = new Uint8ClampedArray(size * size * 3);
  for (let y = 0, to = 0; y < size; y++) {
    for (let x = 0; x < size; x++, to += 3) {
      const from = (fold(y - top, height) * width + fold(x - left, width)) * 3;
      for (let channel = 0; channel < 3; channel++) bytes[to + channel] = inner[from + channel];
    }
  }
  return bytes;
}

/** Resizes rows from `top` to `bottom`. */
function alongRows({ bytes, channels, width }, top, bottom, columns) {
  const result = new Uint8ClampedArray((bottom - top) * columns.length * 3);
  let to = 0;
  for (let y = top; y < bottom; y++) {
    for (const { first, weights: w } of columns) {
      let from = (y * width + first) * channels;
      let red = 0.5;
      let green = 0.5;
      let blue = 0.5;
      for (let k = 0; k < w.length; k++, from += channels) {
        red += w[k] * bytes[from];
        green += w[k] * bytes[from + 1];
        blue += w[k] * bytes[from + 2];
      }
      result[to++] = Math.floor(red); // half up; the array clamps, and its own rounding is half to even
      result[to++] = Math.floor(green);
      result[to++] = Math.floor(blue);
    }
  }
  return result;
}

/** Resizes every column of RGB of `width` pixels, whose first row is `top`. */
function alongColumns(rgb, width, rows, top) {
  const stride = width * 3;
  const result = new Uint8ClampedArray(rows.length * stride);
  rows.forEach(({ first, weights: w }, j) => {
    for (let i = 0; i < stride; i++) {
      let sum = 0.5;
      for (let k = 0; k < w.length; k++) sum += w[k] * rgb[(first - top + k) * stride + i];
      result[j * stride + i] = Math.floor(sum);
    }
  });
  return result;
}

/** The largest square in the middle. */
export function centered(width, height) {
  const side = Math.min(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, side };
}

/** Moves and shrinks a square until it lies inside of the picture. */
export function inside(box, width, height, smallest = 1) {
  const side = Math.min(Math.max(box.side, smallest), width, height);
  const x = Math.min(Math.max(box.x, 0), width - side);
  const y = Math.min(Math.max(box.y, 0), height - side);
  return { x, y, side };
}

function roundHalfEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}
