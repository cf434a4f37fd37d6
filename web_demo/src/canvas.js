// Squares of the model on canvases, and canvases as files.

import { withAlpha } from './pixels.js';

const LEGIBLE = 96; // pixels; smaller squares are shown enlarged, with hard edges

/** Shows RGB bytes of a square at their own size; CSS enlarges. */
export function show(canvas, bytes, size) {
  canvas.width = canvas.height = size;
  canvas.classList.toggle('small', size < LEGIBLE);
  canvas.getContext('2d').putImageData(new ImageData(withAlpha(bytes), size, size), 0, 0);
}

/**
 * Shows squares in rows and columns; null leaves a cell empty.
 *
 * @param {HTMLCanvasElement} canvas Where.
 * @param {(Uint8ClampedArray | null)[][]} rows RGB bytes.
 * @param {number} size Side of a square.
 */
export function showGrid(canvas, rows, size) {
  const zoom = Math.max(1, Math.round(LEGIBLE / size));
  const step = size * zoom + 4;
  canvas.width = step * rows[0].length - 4;
  canvas.height = step * rows.length - 4;
  const context = canvas.getContext('2d');
  context.imageSmoothingEnabled = false;
  const one = new OffscreenCanvas(size, size);
  rows.forEach((row, j) =>
    row.forEach((bytes, i) => {
      if (!bytes) return;
      one.getContext('2d').putImageData(new ImageData(withAlpha(bytes), size, size), 0, 0);
      context.drawImage(one, i * step, j * step, size * zoom, size * zoom);
    }),
  );
}

/** Saves a canvas as PNG on the visitor's machine. */
export async function save(canvas, name) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
