// Squares of the model on canvases, and canvases as files.

import { withAlpha } from './pixels.js';

const LEGIBLE = 96; // pixels; smaller squares are shown enlarged, with hard edges
const GAP = 4; // pixels between squares of a grid

/** Shows RGB bytes of a square at their own size; CSS enlarges. */
export function show(canvas, bytes, size) {
  canvas.width = canvas.height = size;
  canvas.classList.toggle('small', size < LEGIBLE);
  canvas.getContext('2d').putImageData(new ImageData(withAlpha(bytes), size, size), 0, 0);
}

/**
 * A square enlarged.
 *
 * @param {Uint8ClampedArray} bytes RGB.
 * @param {number} size Side of the square.
 * @param {number} factor Whole number.
 * @param {boolean} smooth Interpolated, or with every pixel visible.
 */
export function enlarged(bytes, size, factor, smooth) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * factor;
  const context = canvas.getContext('2d');
  context.imageSmoothingEnabled = smooth && factor > 1;
  context.imageSmoothingQuality = 'high';
  context.drawImage(alone(bytes, size), 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Squares in rows and columns, drawn one by one. */
export class SquareGrid {
  #context;
  #size;
  #zoom;

  /** Empties a canvas for a number of rows and columns of squares of a side, in pixels. */
  constructor(canvas, rows, columns, size) {
    this.#size = size;
    this.#zoom = Math.max(1, Math.round(LEGIBLE / size));
    const step = size * this.#zoom + GAP;
    canvas.width = step * columns - GAP;
    canvas.height = step * rows - GAP;
    this.#context = canvas.getContext('2d');
    this.#context.imageSmoothingEnabled = false;
  }

  /** Draws RGB bytes; row and column count from 0. */
  put(row, column, bytes) {
    const side = this.#size * this.#zoom;
    const step = side + GAP;
    this.#context.drawImage(alone(bytes, this.#size), column * step, row * step, side, side);
  }
}

/** A canvas as a PNG file. */
export async function file(canvas, name) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  return new File([blob], name, { type: 'image/png' });
}

/** Saves a file on the visitor's device. */
export function save(content) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = content.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function alone(bytes, size) {
  const canvas = new OffscreenCanvas(size, size);
  canvas.getContext('2d').putImageData(new ImageData(withAlpha(bytes), size, size), 0, 0);
  return canvas;
}
