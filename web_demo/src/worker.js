// Everything that takes long, off the main thread: LiteRT, decoding, resizing.
// Each message {id, task, ...} is answered by {id, result} or {id, error}; {progress} comes unasked.

import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';
import { download } from './download.js';
import { file } from './manifest.js';
import { toBytes, toFloats, withoutAlpha } from './pixels.js';
import { centred, square } from './resample.js';

const ROLES = ['encoder', 'generator'];
const LARGEST = 4096; // pixels; larger cuts are first made smaller by the browser
let runtime; // loaded once
let manifest;
let models = {};

const tasks = { load, cut, encode, generate };

/** Loads a variant; falls back from the GPU to wasm where it cannot run all of it. */
async function load({ manifest: described, variant, accelerator, modelsUrl, runtimeUrl }) {
  manifest = described;
  if (typeof WebAssembly === 'undefined') {
    throw new Error('This browser has no WebAssembly, which runs the model. Use a current browser.');
  }
  const files = ROLES.map((role) => file(manifest, variant, role));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  const contents = [];
  for (const expected of files) {
    const url = new URL(`${expected.name}?${expected.sha256.slice(0, 12)}`, modelsUrl);
    const report = (received) => postMessage({ progress: (before + received) / total });
    contents.push(await download(url, expected, report));
    before += expected.bytes;
  }
  // In a worker Emscripten looks for the .wasm file beside the worker's script.
  self.Module = { locateFile: (name) => new URL(name, runtimeUrl).href };
  runtime ??= loadLiteRt(runtimeUrl);
  try {
    await runtime;
  } catch (error) {
    runtime = undefined;
    throw new Error(`LiteRT's runtime cannot be loaded (${error.message ?? error}).`);
  }
  for (const model of Object.values(models)) model.delete();
  models = {};
  let note = '';
  let used = accelerator;
  if (accelerator === 'webgpu') {
    try {
      await compile(contents, { accelerator, gpuOptions: { precision: 'fp32' } });
      if (!ROLES.every((role) => models[role].isFullyAccelerated)) throw new Error('not all of it');
      await tryOut();
    } catch (error) {
      note = `The GPU cannot run this model (${error.message ?? error}); the processor does.`;
      used = 'wasm';
    }
  }
  if (used === 'wasm') await compile(contents, { accelerator: 'wasm' });
  return { accelerator: used, note };
}

async function compile(contents, options) {
  for (const model of Object.values(models)) model.delete();
  models = {};
  for (const [i, role] of ROLES.entries()) models[role] = await loadAndCompile(contents[i], options);
}

/** One run, so that a GPU that fails does so now. */
async function tryOut() {
  const size = manifest.image_size;
  const { style } = await encode({ bytes: new Uint8ClampedArray(size * size * 3) });
  await generate({ bytes: new Uint8ClampedArray(size * size * 3), style });
}

/** A picture's file to the square that the model takes; `box` in pixels, the middle by default. */
async function cut({ blob, box }) {
  let bitmap;
  try {
    // Upright by EXIF; colours as they are stored, as in training.
    bitmap = await createImageBitmap(blob, {
      imageOrientation: 'from-image',
      colorSpaceConversion: 'none',
    });
  } catch {
    throw new Error('is not a picture that this browser can read');
  }
  const { width, height } = bitmap;
  const { x, y, side } = box ?? centred(width, height);
  // Some pixels around the cut, which resizing looks at.
  const margin = Math.ceil((2 * side) / manifest.image_size) + 2;
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
  const bytes = square(rgb, canvas.width, canvas.height, inCut, manifest.image_size);
  return { bytes, width, height };
}

/** Style code of a square, and the most likely domain. */
async function encode({ bytes }) {
  const { outputs, milliseconds } = await run('encode', models.encoder, { image: image(bytes) });
  const { style, domain_probabilities: probabilities } = outputs;
  return { style, domain: probabilities.indexOf(Math.max(...probabilities)), milliseconds };
}

/** A square redrawn in a style, as RGB bytes. */
async function generate({ bytes, style }) {
  const inputs = { image: image(bytes), style: Float32Array.from(style) };
  const { outputs, milliseconds } = await run('generate', models.generator, inputs);
  return { bytes: toBytes(outputs.translated, manifest.value_range), milliseconds };
}

function image(bytes) {
  return toFloats(bytes, manifest.value_range);
}

/** Named arrays in, named arrays out. */
async function run(signature, model, arrays) {
  const shapes = manifest.signatures[signature].inputs;
  const started = performance.now();
  const inputs = {};
  const onDevice = [];
  for (const [name, array] of Object.entries(arrays)) {
    inputs[name] = new Tensor(array, shapes[name]);
    onDevice.push(inputs[name]);
  }
  try {
    const results = await model.run(signature, inputs);
    onDevice.push(...Object.values(results));
    const outputs = {};
    for (const [name, tensor] of Object.entries(results)) {
      outputs[name] = Float32Array.from(await tensor.data());
    }
    return { outputs, milliseconds: performance.now() - started };
  } finally {
    for (const tensor of onDevice) tensor.delete();
  }
}

let queue = Promise.resolve(); // one task after the other: models are not shared

self.addEventListener('message', ({ data: { id, task, ...options } }) => {
  queue = queue.then(async () => {
    try {
      postMessage({ id, result: await tasks[task](options) });
    } catch (error) {
      postMessage({ id, error: error.message ?? String(error) });
    }
  });
});
