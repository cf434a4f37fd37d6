// Functions in a worker, called from the page: messages {id, task, options} are answered by
// {id, result} or {id, error, name}; {id, cancel} ends a task early; {progress} comes without being asked for.

/** What calls in progress fail with when their worker is stopped on purpose. */
export class Stopped extends Error {}

/** The page's side of a worker. */
export class Remote {
  #worker;
  #waiting = new Map();
  #ended = null; // why the worker answers no more
  #next = 0;
  #progress;

  /**
   * @param {Worker} worker Runs `serve`.
   * @param {(progress: object) => void} progress Receives what tasks report on the way.
   */
  constructor(worker, progress = () => {}) {
    this.#worker = worker;
    this.#progress = progress;
    worker.addEventListener('message', ({ data }) => this.#receive(data));
    worker.addEventListener('error', ({ message }) =>
      this.#fail(new Error(`A part of the page has stopped (${message ?? 'it could not be loaded'}). Reload the page.`)),
    );
  }

  /**
   * Runs a task in the worker.
   *
   * @param {string} task Its name.
   * @param {object} options What it takes.
   * @param {{signal?: AbortSignal, transfer?: Transferable[]}} how The signal ends the task, which then fails with
   *   an `AbortError`.
   */
  call(task, options, { signal, transfer } = {}) {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, task, options }, transfer);
      signal?.addEventListener('abort', () => this.#worker.postMessage({ id, cancel: true }), { once: true });
    });
  }

  /** Ends the worker and frees its memory; calls in progress fail with `Stopped`. */
  stop() {
    this.#worker.terminate();
    this.#fail(new Stopped('stopped'));
  }

  #receive(data) {
    if ('progress' in data) {
      this.#progress(data.progress);
      return;
    }
    const call = this.#waiting.get(data.id);
    this.#waiting.delete(data.id);
    if ('error' in data) call?.reject(Object.assign(new Error(data.error), { name: data.name }));
    else call?.resolve(data.result);
  }

  #fail(error) {
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/**
 * The worker's side: answers calls one after the other.
 *
 * @param {Object<string, (options: object, signal: AbortSignal) => Promise<object>>} tasks What can be called;
 *   bitmaps in what they return move to the page without being copied.
 */
export function serve(tasks) {
  const controllers = new Map();
  let queue = Promise.resolve();
  const run = async (id, task, options) => {
    try {
      const { signal } = controllers.get(id);
      signal.throwIfAborted();
      const result = await tasks[task](options, signal);
      const bitmaps = Object.values(result).filter((value) => value instanceof globalThis.ImageBitmap);
      self.postMessage({ id, result }, bitmaps);
    } catch (error) {
      self.postMessage({ id, error: error.message ?? String(error), name: error.name });
    } finally {
      controllers.delete(id);
    }
  };
  self.addEventListener('message', ({ data: { id, task, options, cancel } }) => {
    if (cancel) {
      controllers.get(id)?.abort();
      return;
    }
    controllers.set(id, new AbortController());
    queue = queue.then(() => run(id, task, options));
  });
}
