// Photographs, apart from the model, so that neither waits: decoded, shown to the model, and redrawn. One photograph
// and one frame of the camera are kept decoded, and one result is drawn at a time, so that memory does not grow.

import { redrawing } from './photograph.js';
import { square } from './resample.js';
import { serve } from './rpc.js';

const PREVIEW = 2 ** 20; // pixels of a quick result that is shown until the whole one is ready
const PAUSE = 30; // ms of drawing between looks at whether it is still wanted

const opened = {}; // by slot: {key, width, height, whole, preview}

/**
 * What the model sees of a photograph.
 *
 * @param {object} options key: names the photograph; picture: Blob or ImageBitmap, not needed if the slot holds the
 *   key; slot: in which it takes the place of the one before; most: pixels of the largest result, to which larger
 *   photographs are reduced; box: {x, y, width, height} in pixels of the photograph, or null
 *   for `fit`: 'stretch', 'letterbox' or 'crop', which takes the middle; size: side of the square.
 * @returns {Promise<object>} bytes: RGB of the square; shown: its part without margins; box: what was taken; width and
 *   height of the photograph.
 */
async function see({ box, fit, size, ...photograph }) {
  const { width, height, whole } = await open(photograph);
  const part = box ?? (fit === 'crop' ? middle(width, height) : { x: 0, y: 0, width, height });
  const zoom = whole.width / width;
  const scaled = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, value * zoom]));
  const picture = { bytes: overWhite(whole.rgba), channels: 4, width: whole.width, height: whole.height };
  const { bytes, shown } = square(picture, scaled, size, fit === 'letterbox' ? fit : 'stretch');
  return { bytes, shown, box: part, width, height };
}

/**
 * A photograph redrawn at its own size.
 *
 * @param {object} options Of the photograph as `see` takes it; box and shown as `see` returns them; size: side of the
 *   squares source and translation, RGB; preview: whether a quick one is enough; detail, colorsOnly, feather and mask
 *   as `redrawing` takes them.
 * @param {AbortSignal} signal Ends it early.
 * @returns {Promise<{bitmap: ImageBitmap, whole: boolean, milliseconds: number}>} whole: no preview.
 */
async function redraw({ box, shown, size, source, translation, preview, ...options }, signal) {
  const started = performance.now();
  const { key, slot, picture, most, ...settings } = options;
  const photograph = await open({ key, slot, picture, most });
  const given = (preview && photograph.preview) || photograph.whole;
  const [from, to] = [source, translation].map((bytes) => cut(bytes, size, shown));
  const seen = { width: shown.width, height: shown.height, source: from, translation: to };
  const redraw = redrawing(given, inPixels(box, given.width / photograph.width, given), seen, settings);
  const canvas = await drawn(given, redraw, signal);
  const milliseconds = performance.now() - started;
  return { bitmap: canvas.transferToImageBitmap(), whole: given === photograph.whole, milliseconds };
}

/** Row by row, in strips that reach the canvas at once. */
async function drawn({ rgba, width, height }, redraw, signal) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const rows = Math.max(1, Math.min(height, Math.floor(2 ** 20 / width)));
  let paused = performance.now();
  for (let top = 0; top < height; top += rows) {
    const strip = new ImageData(rgba.slice(4 * width * top, 4 * width * Math.min(top + rows, height)), width);
    for (let y = 0; y < strip.height; y++) redraw(top + y, strip.data.subarray(4 * width * y, 4 * width * (y + 1)));
    context.putImageData(strip, 0, top);
    if (performance.now() - paused < PAUSE) continue;
    await new Promise((resolve) => setTimeout(resolve)); // messages come in
    signal.throwIfAborted();
    paused = performance.now();
  }
  return canvas;
}

/** The decoded photograph of a key; the one before is forgotten first. */
async function open({ key, slot, picture, most }) {
  if (opened[slot]?.key === key) return opened[slot];
  delete opened[slot];
  const bitmap = picture instanceof Blob ? await decoded(picture) : picture;
  const { width, height } = bitmap;
  const preview = width * height > 2 * PREVIEW ? pixels(bitmap, PREVIEW) : null;
  opened[slot] = { key, width, height, preview, whole: pixels(bitmap, most) };
  bitmap.close();
  return opened[slot];
}

async function decoded(blob) {
  try {
    return await createImageBitmap(blob); // upright by EXIF, in sRGB, as in Python
  } catch {
    throw new Error('This browser cannot read the picture.');
  }
}

/** RGBA of a bitmap, reduced if it has more than `most` pixels. */
function pixels(bitmap, most) {
  const zoom = Math.min(1, Math.sqrt(most / (bitmap.width * bitmap.height)));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * zoom)));
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  return { rgba: context.getImageData(0, 0, width, height).data, width, height };
}

/** RGBA without transparency; the same array if it has none. */
function overWhite(rgba) {
  let result = rgba;
  for (let at = 3; at < rgba.length; at += 4) {
    if (rgba[at] === 255) continue;
    if (result === rgba) result = rgba.slice();
    for (let c = at - 3; c < at; c++) result[c] = 255 + (rgba[at] / 255) * (rgba[c] - 255);
  }
  return result;
}

function middle(width, height) {
  const side = Math.min(width, height);
  return { x: Math.floor((width - side) / 2), y: Math.floor((height - side) / 2), width: side, height: side };
}

/** A box in whole pixels of a photograph that was reduced. */
function inPixels({ x, y, width, height }, zoom, photograph) {
  const [left, right] = [x, x + width].map((at) => Math.min(Math.round(at * zoom), photograph.width));
  const [top, bottom] = [y, y + height].map((at) => Math.min(Math.round(at * zoom), photograph.height));
  return { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

/** A part of a square of RGB. */
function cut(bytes, size, { x, y, width, height }) {
  if (width === size && height === size) return bytes;
  const result = new Uint8ClampedArray(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * size + x) * 3;
    result.set(bytes.subarray(from, from + 3 * width), 3 * width * row);
  }
  return result;
}

serve({ see, redraw });
