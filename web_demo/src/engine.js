// A loaded model. Each has a worker of its own, so that a failed one leaves the one before untouched,
// and a stopped one gives its memory back.

import { Remote } from './rpc.js';

const MAX_THREADS = 4; // by itself; phones have few fast cores, and more was not measured

export class Engine {
  #remote;
  #styles = new WeakMap(); // of squares, so that a new crop is encoded again

  constructor(remote, used) {
    this.#remote = remote;
    this.used = used; // {variant, accelerator, threads, kept}
  }

  /**
   * Loads a model.
   *
   * @param {{manifest, variant, accelerator, threads, modelsUrl, runtimeUrl}} options threads 0: as many
   *   as the processor has, up to four.
   * @param {(progress: {received: number, total: number}) => void} progress Receives bytes.
   * @param {AbortSignal} signal Stops loading.
   */
  static async load(options, progress, signal) {
    const worker = new Worker(new URL('./model_worker.js', import.meta.url));
    const remote = new Remote(worker, progress);
    signal.addEventListener('abort', () => remote.stop(), { once: true });
    const threads = options.threads || Math.min(navigator.hardwareConcurrency || 1, MAX_THREADS);
    const urls = { modelsUrl: String(options.modelsUrl), runtimeUrl: String(options.runtimeUrl) };
    try {
      const used = await remote.call('load', { ...options, ...urls, threads });
      return new Engine(remote, { variant: options.variant, accelerator: options.accelerator, ...used });
    } catch (error) {
      remote.stop();
      throw error;
    }
  }

  /** {style, milliseconds} of a square; milliseconds is null if it was known. */
  async style(bytes) {
    const known = this.#styles.get(bytes);
    if (known) return { style: known, milliseconds: null };
    const found = await this.#remote.call('encode', { bytes });
    this.#styles.set(bytes, found.style);
    return found;
  }

  /** {bytes, milliseconds}: a square redrawn in a style. */
  generate(bytes, style) {
    return this.#remote.call('generate', { bytes, style });
  }

  /** Frees the model's memory. */
  stop() {
    this.#remote.stop();
  }
}
