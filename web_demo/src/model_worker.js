// The model, off the main thread.

import { Tensor } from '@litertjs/core';
import { toBytes, toFloats } from './pixels.js';
import { serve } from './rpc.js';
import * as runtime from './runtime.js';

let manifest;
let models;

/** Loads a variant: {threads, kept}. */
async function load(options) {
  if (typeof WebAssembly === 'undefined') {
    throw new Error('This browser has no WebAssembly, which runs the model. Use a current browser.');
  }
  manifest = options.manifest;
  const { models: loaded, ...used } = await runtime.load(options, (progress) => postMessage({ progress }));
  models = loaded;
  if (options.accelerator === 'webgpu') await tryGpu();
  return used;
}

/** One run of both graphs, so that a GPU that cannot run them fails now. */
async function tryGpu() {
  if (!Object.values(models).every((model) => model.isFullyAccelerated)) {
    throw new Error('it takes only a part of it');
  }
  const bytes = new Uint8ClampedArray(manifest.image_size ** 2 * 3);
  const { style } = await encode({ bytes });
  await generate({ bytes, style });
}

/** Style code of a square of RGB bytes. */
async function encode({ bytes }) {
  const { outputs, milliseconds } = await run('encode', models.encoder, { image: image(bytes) });
  return { style: outputs.style, milliseconds };
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

serve({ load, encode, generate });
