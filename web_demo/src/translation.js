// What is chosen, translated: one translation runs at a time, and the newest choice wins.

import { spoken } from './file_names.js';
import { fail } from './notices.js';
import { mixed } from './pixels.js';
import { Stopped } from './rpc.js';

const element = (id) => document.getElementById(id);

/** One job at a time, and of those that are waiting only the newest. */
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

/** Redraws the result whenever another picture, style or mixture is chosen. */
export class Translation {
  #model;
  #sources;
  #looks;
  #result;
  #onUnitSphere;
  #latest;

  /**
   * @param {import('./model.js').Model} model Translates.
   * @param {import('./gallery.js').Gallery} sources Pictures.
   * @param {import('./gallery.js').Gallery} looks Styles.
   * @param {import('./result.js').Result} result Shows the translation.
   * @param {boolean} onUnitSphere Whether the model's styles have length 1.
   */
  constructor(model, sources, looks, result, onUnitSphere) {
    [this.#model, this.#sources, this.#looks] = [model, sources, looks];
    [this.#result, this.#onUnitSphere] = [result, onUnitSphere];
    this.#latest = new Latest((busy) => result.busy(busy));
    for (const gallery of [sources, looks]) gallery.addEventListener('chosen', () => this.request());
    looks.addEventListener('changed', () => this.#fillSecond());
    for (const id of ['second', 'share']) {
      element(id).addEventListener('input', () => {
        this.#showShare();
        this.request();
      });
    }
    this.#fillSecond();
  }

  /** Translates what is chosen now, after the translation in progress. */
  request() {
    this.#latest.request(() => this.#draw());
  }

  /** Offers the styles to mix with; keeps the choice if it is still there. */
  #fillSecond() {
    const second = element('second');
    const value = second.value;
    second.replaceChildren(new Option('nothing', ''));
    for (const { id, name } of this.#looks.entries) second.add(new Option(spoken(name), id));
    second.value = value;
    if (second.selectedIndex < 0) second.value = '';
    this.#showShare();
  }

  get #second() {
    return this.#looks.entries.find(({ id }) => id === element('second').value);
  }

  #showShare() {
    element('mix-share').hidden = !this.#second;
    element('share-shown').value = `${element('share').value}%`;
  }

  async #draw() {
    const [source, look, second] = [this.#sources.chosen, this.#looks.chosen, this.#second];
    if (!this.#model.used) return;
    if (!source || !look) {
      this.#result.clear(source ? 'Add or choose a style.' : 'Add or choose a picture.');
      return;
    }
    const percent = Number(element('share').value);
    const original = source.bytes;
    try {
      const first = await this.#model.styleOf(look);
      let style = first.style;
      if (second) {
        const other = (await this.#model.styleOf(second)).style;
        style = mixed(style, other, percent / 100, this.#onUnitSphere);
      }
      if (this.#latest.outdated) return;
      const { bytes, milliseconds } = await this.#model.generate(original, style);
      if (this.#latest.outdated) return;
      const names = { source: spoken(source.name), look: spoken(look.name) };
      if (second) Object.assign(names, { second: spoken(second.name), share: percent });
      const madeFrom = { source: original, look: look.bytes ?? look.preview };
      this.#result.show(bytes, madeFrom, names, times(first.milliseconds, milliseconds));
    } catch (error) {
      if (!(error instanceof Stopped)) fail(`The picture could not be translated: ${error.message}`);
    }
  }
}

function times(encoder, generator) {
  const drawn = `Drawn in ${milli(generator)}`;
  return encoder === null ? `${drawn}.` : `${drawn}, style read in ${milli(encoder)}.`;
}

function milli(value) {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
