// LiteRT in a worker: its files, its threads, its models.

import { loadAndCompile, loadLiteRt, supportsFeature } from '@litertjs/core';
import { download } from './download.js';
import { pair } from './manifest.js';

/* global __RUNTIME_FILES__ -- {name: {bytes, sha256}}, filled in by the build */
const ROLES = ['encoder', 'generator'];
const MIN_INTERVAL = 50; // ms between reports of progress

/**
 * Downloads runtime and models, and compiles the models.
 *
 * @param {object} options manifest, variant, accelerator ('wasm' or 'webgpu'), threads, and the
 *   folders' addresses modelsUrl and runtimeUrl.
 * @param {(progress: {received: number, total: number}) => void} report Receives bytes.
 * @returns {Promise<object>} models by role, and what is used: {threads, kept}.
 */
export async function load(options, report) {
  const { manifest, variant, accelerator, modelsUrl, runtimeUrl } = options;
  const threads = accelerator === 'wasm' && (await threadsAllowed()) ? options.threads : 1;
  const name = await runtimeName(threads);
  const files = [
    ...['js', 'wasm'].map((ending) => located(`${name}.${ending}`, runtimeUrl)),
    ...pair(manifest, variant).map((file) => ({ ...file, url: new URL(file.name, modelsUrl) })),
  ];
  const [script, binary, ...contents] = await downloadAll(files, report);
  // LiteRT looks for a GPU in any case, and browsers without one answer with a warning.
  if (accelerator === 'wasm') hide('gpu');
  hide('hardwareConcurrency', threads); // the runtime starts a worker for each, used or not
  await startRuntime(script.content, binary.content);
  const compiled = await quietly(() =>
    compile(contents.map(({ content }) => content), accelerator, threads),
  );
  const kept = [script, binary, ...contents].every((file) => file.kept);
  return { models: compiled, threads, kept };
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

async function downloadAll(files, report) {
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
        report({ received: sum, total });
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
    locateFile: (name) => new URL(name, self.location.href).href, // of what is in wasmBinary
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
  const models = {};
  for (const [i, role] of ROLES.entries()) models[role] = await loadAndCompile(contents[i], options);
  return models;
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
