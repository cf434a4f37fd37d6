// The worker, as functions that return promises.

export class Engine {
  #worker = new Worker(new URL('./worker.js', import.meta.url));
  #waiting = new Map();
  #next = 0;

  /** @param {(share: number) => void} progress Told how much of the model has come, 0 to 1. */
  constructor(progress) {
    this.#worker.addEventListener('message', ({ data }) => {
      if ('progress' in data) {
        progress(data.progress);
        return;
      }
      const { resolve, reject } = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('error' in data) reject(new Error(data.error));
      else resolve(data.result);
    });
    this.#worker.addEventListener('error', ({ message }) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`The worker stopped (${message ?? 'it could not be loaded'}).`));
      }
      this.#waiting.clear();
    });
  }

  /** Loads a variant of the model: {accelerator, note}. */
  load(manifest, variant, accelerator, modelsUrl, runtimeUrl) {
    const urls = { modelsUrl: String(modelsUrl), runtimeUrl: String(runtimeUrl) };
    return this.#ask('load', { manifest, variant, accelerator, ...urls });
  }

  /** A picture's file as the model's square: {bytes, width, height}. */
  cut(blob, box) {
    return this.#ask('cut', { blob, box });
  }

  /** {style, domain, milliseconds} of a square. */
  encode(bytes) {
    return this.#ask('encode', { bytes });
  }

  /** {bytes, milliseconds}: a square redrawn. */
  generate(bytes, style) {
    return this.#ask('generate', { bytes, style });
  }

  #ask(task, options) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, task, ...options });
    });
  }
}
