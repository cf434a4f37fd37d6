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
 * @param {{rgb: Uint8ClampedArray, width: number, height: number}} picture Rows from top to bottom.
 * @param {{x: number, y: number, width: number, height: number}} box The part, pixels; fractions are allowed.
 * @param {number} width Of the result.
 * @param {number} height Of the result.
 * @returns {Uint8ClampedArray} width * height * 3 bytes.
 */
export function resized(picture, box, width, height) {
  const columns = weights(picture.width, width, box.x, box.width);
  const rows = weights(picture.height, height, box.y, box.height);
  return alongColumns(alongRows(picture.rgb, picture.width, picture.height, columns), width, rows);
}

/**
 * What the model sees of a part of a picture, as `Photograph.square` in Python: stretched to a square, or with the
 * mirrored picture in the margins.
 *
 * @param {{rgb: Uint8ClampedArray, width: number, height: number}} picture Rows from top to bottom.
 * @param {{x: number, y: number, width: number, height: number}} box The part, pixels; fractions are allowed.
 * @param {number} size Side of the square.
 * @param {boolean} stretch Whether the aspect ratio changes.
 * @returns {{bytes: Uint8ClampedArray, shown: {x, y, width, height}}} RGB, and the part without margins.
 */
export function square(picture, box, size, stretch) {
  const shown = stretch ? { x: 0, y: 0, width: size, height: size } : letterbox(box.width, box.height, size);
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

/** Resizes every row of `width` pixels; the number of rows stays. */
function alongRows(rgb, width, height, columns) {
  const result = new Uint8ClampedArray(height * columns.length * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (const { first, weights: w } of columns) {
      let from = (y * width + first) * 3;
      let [r, g, b] = [0.5, 0.5, 0.5];
      for (let k = 0; k < w.length; k++, from += 3) {
        r += w[k] * rgb[from];
        g += w[k] * rgb[from + 1];
        b += w[k] * rgb[from + 2];
      }
      result[to++] = Math.floor(r); // rounds half up; clamped by the array, whose own rounding is half to even
      result[to++] = Math.floor(g);
      result[to++] = Math.floor(b);
    }
  }
  return result;
}

/** Resizes every column of a picture of `width` pixels; the number of columns stays. */
function alongColumns(rgb, width, rows) {
  const stride = width * 3;
  const result = new Uint8ClampedArray(rows.length * stride);
  rows.forEach(({ first, weights: w }, j) => {
    for (let i = 0; i < stride; i++) {
      let sum = 0.5;
      for (let k = 0; k < w.length; k++) sum += w[k] * rgb[(first + k) * stride + i];
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
