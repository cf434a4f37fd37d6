// Which model runs. A new one replaces the one before only after it has been loaded whole.

import { Engine } from './engine.js';
import { Stopped } from './rpc.js';

export class Model {
  engine = null;
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
      this.engine?.stop();
      this.engine = engine;
      return { note };
    } catch (error) {
      if (error instanceof Stopped) return null;
      throw error;
    } finally {
      if (this.#loading === controller) this.#loading = null;
    }
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
      const engine = await load({ threads: 1 });
      return { engine, note: `Several threads did not work (${error.message}); one is used.` };
    }
  }
}
