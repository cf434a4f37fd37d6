// What is chosen, redrawn: one result is drawn at a time, and the newest choice wins.

import { fail } from './notices.js';
import { Stopped } from './rpc.js';
import { spoken } from './saving.js';
import { mixed } from './styles.js';

const element = (id) => document.getElementById(id);
const SLIDERS = ['strength', 'detail', 'share'];

/** One job at a time, and of those that are waiting only the newest. */
export class Latest {
  #controller = null; // of the running job
  #waiting = null;
  #onBusy;

  /** @param {(busy: boolean) => void} onBusy Receives true when work starts, false when all is done. */
  constructor(onBusy = () => {}) {
    this.#onBusy = onBusy;
  }

  /**
   * Runs a job as soon as the one before has ended, unless a newer one comes first.
   *
   * @param {(signal: AbortSignal) => Promise<void>} job What to do; handles its own errors, and may end early where
   *   the signal says that a newer one waits.
   */
  request(job) {
    this.#waiting = job;
    if (this.#controller) this.#controller.abort();
    else this.#run();
  }

  async #run() {
    this.#onBusy(true);
    while (this.#waiting) {
      const job = this.#waiting;
      this.#waiting = null;
      this.#controller = new AbortController();
      await job(this.#controller.signal);
    }
    this.#controller = null;
    this.#onBusy(false);
  }
}

/** Redraws the result whenever another picture, look or setting is chosen. */
export class Translation {
  #model;
  #photographs;
  #sources;
  #looks;
  #result;
  #latest;
  #held = false;

  /**
   * @param {object} parts model, photographs; sources and looks, two galleries; result, which shows what is drawn.
   */
  constructor({ model, photographs, sources, looks, result }) {
    [this.#model, this.#photographs, this.#result] = [model, photographs, result];
    [this.#sources, this.#looks] = [sources, looks];
    this.#latest = new Latest((busy) => result.busy(busy));
    element('detail').value = Math.round(100 * (photographs.manifest.detail ?? 1));
    for (const gallery of [sources, looks]) gallery.addEventListener('chosen', () => this.request());
    looks.addEventListener('changed', () => this.#fillSecond());
    for (const id of [...SLIDERS, 'second', 'colors-only']) {
      element(id).addEventListener('input', () => {
        this.#showSettings();
        this.request();
      });
    }
    this.#fillSecond();
  }

  /** Redraws what is chosen now, after the result in progress. */
  request() {
    if (!this.#held) this.#latest.request((signal) => this.#draw(signal));
  }

  /** Draws nothing while something else is shown. */
  hold(on) {
    this.#held = on;
    this.request();
  }

  /** How photographs are redrawn, as `Photographs.redraw` takes it. */
  get settings() {
    return { detail: percent('detail'), colorsOnly: element('colors-only').checked };
  }

  /**
   * The style that is chosen: a look or two, weakened towards that of the picture or exaggerated.
   *
   * @param {object} picture Seen, as the worker returns it.
   * @returns {Promise<{style: Float32Array, milliseconds: number} | null>} milliseconds of the encoder; null without
   *   a look.
   */
  async styleFor(picture) {
    const onSphere = this.#photographs.manifest.style_on_unit_sphere;
    const [look, second, strength] = [this.#looks.chosen, this.#second, percent('strength')];
    if (!look) return null;
    let { style, milliseconds } = await this.#model.styleOf(look);
    if (second) style = mixed(style, (await this.#model.styleOf(second)).style, percent('share'), onSphere);
    if (strength !== 1) {
      const own = await this.#model.styleOf({ seen: picture });
      milliseconds += own.milliseconds;
      style = mixed(own.style, style, strength, onSphere);
    }
    return { style, milliseconds };
  }

  /** Offers the looks to mix with; keeps the choice if it is still there. */
  #fillSecond() {
    const second = element('second');
    const value = second.value;
    second.replaceChildren(new Option('nothing', ''));
    for (const { id, name } of this.#looks.entries) second.add(new Option(spoken(name), id));
    second.value = value;
    if (second.selectedIndex < 0) second.value = '';
    this.#showSettings();
  }

  get #second() {
    return this.#looks.entries.find(({ id }) => id === element('second').value);
  }

  #showSettings() {
    element('mix-share').hidden = !this.#second;
    element('detail').disabled = element('colors-only').checked;
    for (const id of SLIDERS) element(`${id}-shown`).value = `${element(id).value}%`;
  }

  async #draw(signal) {
    const [source, look, second] = [this.#sources.chosen, this.#looks.chosen, this.#second];
    if (!this.#model.used) return;
    if (!source || !look) {
      this.#result.clear(source ? 'Add or choose a look.' : 'Add or choose a picture.');
      return;
    }
    const names = { source: spoken(source.name), look: spoken(look.name) };
    if (second) Object.assign(names, { second: spoken(second.name), share: Number(element('share').value) });
    try {
      const { settings } = this;
      const { style, milliseconds: reading } = await this.styleFor(source.seen);
      const { bytes, milliseconds: drawing } = await this.#model.generate(source.seen.bytes, style);
      const show = (drawn) => {
        if (this.#held) drawn.bitmap.close();
        else this.#result.show(drawn, { source, look }, names, times(reading, drawing, drawn));
      };
      const first = await this.#photographs.redraw(source, bytes, { ...settings, preview: true });
      show(first);
      if (first.whole || signal.aborted) return;
      show(await this.#photographs.redraw(source, bytes, settings, signal));
    } catch (error) {
      if (error instanceof Stopped || error.name === 'AbortError') return;
      this.#result.clear('Choose another picture or look.');
      fail(`The picture could not be redrawn: ${error.message}`);
    }
  }
}

function percent(id) {
  return Number(element(id).value) / 100;
}

function times(reading, drawing, { milliseconds }) {
  const read = reading ? `look read in ${milli(reading)}, ` : '';
  return `Drawn in ${milli(drawing)}, ${read}photograph in ${milli(milliseconds)}.`;
}

function milli(value) {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
