// The model, off the main thread: LiteRT with its files and threads, and both graphs.

import { loadAndCompile, loadLiteRt, supportsFeature, Tensor } from '@litertjs/core';
import { download } from './download.js';
import { pair } from './manifest.js';
import { toBytes, toFloats } from './pixels.js';
import { serve } from './rpc.js';

/* global __RUNTIME_FILES__ -- {name: {bytes, sha256}}, filled in by the build */
const ROLES = ['encoder', 'generator'];
const MIN_INTERVAL = 50; // ms between reports of progress

let manifest;
let models; // by role

/**
 * Downloads runtime and models, and compiles the models.
 *
 * @param {object} options manifest, variant, accelerator ('wasm' or 'webgpu'), threads, and the
 *   folders' addresses modelsUrl and runtimeUrl.
 * @returns {Promise<{threads: number, kept: boolean}>} What is used; kept: all files are stored for the next visit.
 */
async function load(options) {
  if (typeof WebAssembly === 'undefined') {
    throw new Error('This browser has no WebAssembly, which runs the model. Use a current browser.');
  }
  const { variant, accelerator, modelsUrl, runtimeUrl } = options;
  manifest = options.manifest;
  const threads = accelerator === 'wasm' && (await threadsAllowed()) ? options.threads : 1;
  const name = await runtimeName(threads);
  const files = [
    ...['js', 'wasm'].map((ending) => located(`${name}.${ending}`, runtimeUrl)),
    ...pair(manifest, variant).map((file) => ({ ...file, url: new URL(file.name, modelsUrl) })),
  ];
  const [script, binary, ...contents] = await downloadAll(files);
  // LiteRT looks for a GPU in any case, and browsers without one answer with a warning.
  if (accelerator === 'wasm') hide('gpu');
  hide('hardwareConcurrency', threads); // the runtime starts a worker for each, used or not
  await startRuntime(script.content, binary.content);
  models = await quietly(() => compile(contents.map(({ content }) => content), accelerator, threads));
  if (accelerator === 'webgpu') await tryGpu();
  return { threads, kept: [script, binary, ...contents].every((file) => file.kept) };
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

/** Threads need a page that is isolated from other origins, and a browser that has them. */
async function threadsAllowed() {
  return (
    self.crossOriginIsolated === true &&
    (await supportsFeature('relaxedSimd')) &&
    (await supportsFeature('threads'))
  );
}

async function runtimeName(threads) {
  if (!(await supportsFeature('relaxedSimd'))) return 'litert_wasm_compat_internal';
  return threads > 1 ? 'litert_wasm_threaded_internal' : 'litert_wasm_internal';
}

function located(name, folder) {
  return { name, ...__RUNTIME_FILES__[name], url: new URL(name, folder) };
}

async function downloadAll(files) {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const received = files.map(() => 0);
  let last = -Infinity;
  return Promise.all(
    files.map((file, i) =>
      download(file.url, file, (count) => {
        received[i] = count;
        const sum = received.reduce((a, b) => a + b);
        if (sum < total && performance.now() - last < MIN_INTERVAL) return;
        last = performance.now();
        postMessage({ progress: { received: sum, total } });
      }),
    ),
  );
}

/** Starts LiteRT from verified bytes. */
async function startRuntime(script, binary) {
  const source = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  self.Module = {
    wasmBinary: binary.buffer,
    mainScriptUrlOrBlob: source,
    print: () => {}, // what it does, line by line
    printErr: () => {},
    locateFile: (name) => new URL(name, self.location.href).href, // asked for, but not fetched: wasmBinary has the content
  };
  try {
    await quietly(() => loadLiteRt(`${source}#litert.js`)); // the ending says: a file, not a folder
  } catch (error) {
    throw new Error(`LiteRT's runtime cannot be started (${error.message ?? error}).`);
  }
}

/** Changes what this worker sees of the browser. */
function hide(property, value = undefined) {
  Object.defineProperty(self.navigator, property, { value });
}

async function compile(contents, accelerator, threads) {
  const options =
    accelerator === 'webgpu'
      ? { accelerator, gpuOptions: { precision: 'fp32' } }
      : { accelerator, cpuOptions: { numThreads: threads } };
  const compiled = {};
  for (const [i, role] of ROLES.entries()) compiled[role] = await loadAndCompile(contents[i], options);
  return compiled;
}

/** LiteRT warns on the console where there is no GPU, which is no fault of the page. */
async function quietly(work) {
  const saved = {};
  for (const name of ['log', 'info', 'warn']) {
    saved[name] = console[name];
    console[name] = () => {};
  }
  try {
    return await work();
  } finally {
    Object.assign(console, saved);
  }
}

serve({ load, encode, generate });
