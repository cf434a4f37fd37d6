// Cutting a square out of a picture and resizing it as Pillow does for training: bicubic, antialiased,
// rows, then columns, rounded to bytes in between. (Pillow 13 takes tall pictures the other way round,
// which changes bytes by one at most.) Browsers' own resizing differs by much more.

const SUPPORT = 2; // pixels on either side that the bicubic kernel reaches
const A = -0.5; // Keys' parameter

function bicubic(x) {
  x = Math.abs(x);
  if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * A;
  return 0;
}

/** For each of `size` new pixels, the first old pixel it needs and the weights from there on. */
function weights(length, start, side, size) {
  const scale = side / size;
  const stretch = Math.max(scale, 1); // enlarging needs no antialiasing
  return Array.from({ length: size }, (_, i) => {
    const center = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - SUPPORT * stretch + 0.5));
    const end = Math.min(length, Math.trunc(center + SUPPORT * stretch + 0.5));
    const raw = [];
    for (let x = first; x < end; x++) raw.push(bicubic((x - center + 0.5) / stretch));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}

/**
 * RGB bytes of a square of a picture.
 *
 * @param {Uint8ClampedArray} rgb Bytes of the picture, rows from top to bottom.
 * @param {number} width Width of the picture, pixels.
 * @param {number} height Height of the picture, pixels.
 * @param {{x: number, y: number, side: number}} box The square, pixels; fractions are allowed.
 * @param {number} size Side of the result.
 * @returns {Uint8ClampedArray} size * size * 3 bytes.
 */
export function square(rgb, width, height, box, size) {
  const columns = weights(width, box.x, box.side, size);
  const rows = weights(height, box.y, box.side, size);
  return alongColumns(alongRows(rgb, width, height, columns), size, rows);
}

/** Resizes every row of `width` pixels; the number of rows stays. */
function alongRows(rgb, width, height, columns) {
  const result = new Uint8ClampedArray(height * columns.length * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (const { first, weights: w } of columns) {
      const from = (y * width + first) * 3;
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let k = 0; k < w.length; k++) sum += w[k] * rgb[from + 3 * k + channel];
        result[to++] = roundHalfUp(sum);
      }
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
      let sum = 0;
      for (let k = 0; k < w.length; k++) sum += w[k] * rgb[(first + k) * stride + i];
      result[j * stride + i] = roundHalfUp(sum);
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

function roundHalfUp(value) {
  return Math.floor(value + 0.5); // clamped by the array; its own rounding is half to even
}
