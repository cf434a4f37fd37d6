// The model that runs. A new one replaces the one before only after it has been loaded whole.

import { Remote, Stopped } from './rpc.js';

const MAX_THREADS = 4; // unless more are chosen; phones have few fast cores, and more were not measured

export class Model {
  #engine = null;
  #loading = null; // AbortController of the load in progress
  #options;
  #progress;

  /**
   * @param {{manifest: object, modelsUrl: URL, runtimeUrl: URL}} options What does not change.
   * @param {(progress: {received: number, total: number}) => void} progress Receives bytes.
   */
  constructor(options, progress) {
    this.#options = options;
    this.#progress = progress;
  }

  /** What runs: {variant, accelerator, threads, kept}; null before the first model is loaded. */
  get used() {
    return this.#engine?.used ?? null;
  }

  /**
   * Loads a variant, and falls back to what the browser can run.
   *
   * @param {{variant: string, accelerator: string, threads: number}} choice See `Engine.load`.
   * @returns {Promise<{note: string} | null>} What the visitor should know, '' if all is as chosen;
   *   null if a newer choice has stopped this one.
   */
  async use(choice) {
    this.#loading?.abort();
    const controller = (this.#loading = new AbortController());
    try {
      const { engine, note } = await this.#loadOrFallBack(choice, controller.signal);
      this.#engine?.stop();
      this.#engine = engine;
      return { note };
    } catch (error) {
      if (error instanceof Stopped) return null;
      throw error;
    } finally {
      if (this.#loading === controller) this.#loading = null;
    }
  }

  /**
   * The style code of a look, and how long the encoder took.
   *
   * @param {{style?: Float32Array, seen?: {bytes: Uint8ClampedArray}}} look A style code, or a square.
   * @returns {Promise<{style: Float32Array, milliseconds: number | null}>} null if the code was known.
   */
  async styleOf(look) {
    if (look.style) return { style: look.style, milliseconds: null };
    return this.#engine.style(look.seen.bytes);
  }

  /** {bytes, milliseconds}: a square of RGB bytes redrawn in a style. */
  generate(bytes, style) {
    return this.#engine.generate(bytes, style);
  }

  /** Frees the model's memory. */
  stop() {
    this.#loading?.abort();
    this.#engine?.stop();
  }

  async #loadOrFallBack(choice, signal) {
    const load = (changes) =>
      Engine.load({ ...this.#options, ...choice, ...changes }, this.#progress, signal);
    try {
      const engine = await load({});
      const note = engine.used.kept
        ? ''
        : "The browser's storage is full, so the next visit loads the model again.";
      return { engine, note };
    } catch (error) {
      if (error instanceof Stopped || error.name === 'ModelError') throw error;
      if (choice.accelerator === 'webgpu') {
        const engine = await load({ accelerator: 'wasm' });
        const note = `The GPU cannot run this model (${error.message}); the processor runs it.`;
        return { engine, note };
      }
      if (choice.threads === 1 || !crossOriginIsolated) throw error;
      // Without a network there may only be the files for one thread, of a visit that was not isolated.
      const engine = await load({ threads: 1 }).catch((other) => {
        throw other instanceof Stopped ? other : error;
      });
      const note = error.name === 'Unreachable'
        ? 'One thread is used until the network is back.'
        : `Several threads did not work (${error.message}); one is used.`;
      return { engine, note };
    }
  }
}

/**
 * A loaded model. Each has a worker of its own, so that a failed one leaves the one before untouched,
 * and a stopped one gives its memory back.
 */
class Engine {
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
