// Functions in a worker, called from the page: messages {id, task, options} are answered by
// {id, result} or {id, error, name}; {progress} comes without being asked for.

/** What calls in progress fail with when their worker is stopped on purpose. */
export class Stopped extends Error {}

/** The page's side of a worker. */
export class Remote {
  #worker;
  #waiting = new Map();
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
      this.#fail(new Error(`The worker stopped (${message ?? 'it could not be loaded'}). Reload the page.`)),
    );
  }

  /** Runs a task in the worker. */
  call(task, options) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, task, options });
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
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/**
 * The worker's side: answers calls one after the other.
 *
 * @param {Object<string, (options: object) => Promise<object>>} tasks What can be called.
 */
export function serve(tasks) {
  let queue = Promise.resolve();
  self.addEventListener('message', ({ data: { id, task, options } }) => {
    queue = queue.then(async () => {
      try {
        self.postMessage({ id, result: await tasks[task](options) });
      } catch (error) {
        self.postMessage({ id, error: error.message ?? String(error), name: error.name });
      }
    });
  });
}
