// Decodes pictures and cuts squares out of them, apart from the model, so that neither waits.

import { withoutAlpha } from './pixels.js';
import { centered, square } from './resample.js';
import { serve } from './rpc.js';

const LARGEST = 4096; // pixels; larger cuts are first made smaller by the browser

/**
 * The square of a picture that the model takes.
 *
 * @param {{blob: Blob, size: number, box?: {x: number, y: number, side: number}}} options The picture's
 *   file, the side of the result, and what to cut, in pixels of the picture; the middle by default.
 */
async function cut({ blob, size, box }) {
  const bitmap = await decoded(blob);
  const { width, height } = bitmap;
  const { x, y, side } = box ?? centered(width, height);
  // Some pixels around the cut, which resizing looks at.
  const margin = Math.ceil((2 * side) / size) + 2;
  const left = Math.max(0, Math.floor(x) - margin);
  const top = Math.max(0, Math.floor(y) - margin);
  const right = Math.min(width, Math.ceil(x + side) + margin);
  const bottom = Math.min(height, Math.ceil(y + side) + margin);
  const zoom = Math.min(1, LARGEST / Math.max(right - left, bottom - top));
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round((right - left) * zoom)),
    Math.max(1, Math.round((bottom - top) * zoom)),
  );
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.fillStyle = 'white'; // under transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(
    bitmap, left, top, right - left, bottom - top, 0, 0, canvas.width, canvas.height,
  );
  bitmap.close();
  const rgb = withoutAlpha(context.getImageData(0, 0, canvas.width, canvas.height).data);
  const inCut = { x: (x - left) * zoom, y: (y - top) * zoom, side: side * zoom };
  return { bytes: square(rgb, canvas.width, canvas.height, inCut, size), width, height };
}

async function decoded(blob) {
  try {
    // Upright by EXIF; colors as they are stored, as in training.
    return await createImageBitmap(blob, {
      imageOrientation: 'from-image',
      colorSpaceConversion: 'none',
    });
  } catch {
    throw new Error('This browser cannot read the picture.');
  }
}

serve({ cut });
