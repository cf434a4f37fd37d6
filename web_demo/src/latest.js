// One job at a time, and of those that are waiting only the newest.

export class Latest {
  #running = false;
  #waiting = null;
  #onBusy;

  /** @param {(busy: boolean) => void} onBusy Receives true when work starts, false when all is done. */
  constructor(onBusy = () => {}) {
    this.#onBusy = onBusy;
  }

  /** Whether a newer job is waiting, so that the running one need not finish. */
  get outdated() {
    return this.#waiting !== null;
  }

  /**
   * Runs a job as soon as the one before has ended, unless a newer one comes first.
   *
   * @param {() => Promise<void>} job What to do; handles its own errors.
   */
  request(job) {
    this.#waiting = job;
    if (!this.#running) this.#run();
  }

  async #run() {
    this.#running = true;
    this.#onBusy(true);
    while (this.#waiting) {
      const job = this.#waiting;
      this.#waiting = null;
      await job();
    }
    this.#running = false;
    this.#onBusy(false);
  }
}
