// What is chosen, translated: the newest choice wins, and one translation runs at a time.

import { spoken } from './file_names.js';
import { Latest } from './latest.js';
import { fail } from './notices.js';
import { mixed } from './pixels.js';
import { Stopped } from './rpc.js';

const element = (id) => document.getElementById(id);

export class Translation {
  #page;
  #latest;

  /** @param {{model, manifest, sources, looks, result}} page What it reads and where it draws. */
  constructor(page) {
    this.#page = page;
    this.#latest = new Latest((busy) => page.result.busy(busy));
    for (const id of ['second', 'share']) {
      element(id).addEventListener('input', () => {
        this.#showShare();
        this.request();
      });
    }
    this.#showShare();
  }

  /** Translates what is chosen now, after the translation in progress. */
  request() {
    this.#latest.request(() => this.#draw());
  }

  /** Offers the styles to mix with; keeps the choice if it is still there. */
  fillSecond() {
    const second = element('second');
    const value = second.value;
    second.replaceChildren(new Option('nothing', ''));
    for (const { id, name } of this.#page.looks.entries) second.add(new Option(spoken(name), id));
    second.value = value;
    if (second.selectedIndex < 0) second.value = '';
    this.#showShare();
  }

  /** The style code of a look, and how long it took (null if it was known): {style, milliseconds}. */
  async styleOf(look) {
    if (look.style) return { style: look.style, milliseconds: null };
    return this.#page.model.engine.style(look.bytes);
  }

  get #second() {
    return this.#page.looks.entries.find(({ id }) => id === element('second').value);
  }

  #showShare() {
    const second = this.#second;
    element('mix-share').hidden = !second;
    element('share-shown').value = `${element('share').value}%`;
  }

  async #draw() {
    const { model, manifest, sources, looks, result } = this.#page;
    const [source, look, second] = [sources.chosen, looks.chosen, this.#second];
    if (!model.engine) return;
    if (!source || !look) {
      result.clear(source ? 'Add or choose a style.' : 'Add or choose a picture.');
      return;
    }
    const percent = Number(element('share').value);
    const original = source.bytes;
    try {
      const first = await this.styleOf(look);
      let style = first.style;
      if (second) {
        const other = (await this.styleOf(second)).style;
        style = mixed(style, other, percent / 100, manifest.style_on_unit_sphere);
      }
      if (this.#latest.outdated) return;
      const { bytes, milliseconds } = await model.engine.generate(original, style);
      if (this.#latest.outdated) return;
      const names = { source: spoken(source.name), look: spoken(look.name) };
      if (second) Object.assign(names, { second: spoken(second.name), share: percent });
      const madeFrom = { source: original, look: look.bytes ?? look.preview };
      result.show(bytes, madeFrom, names, times(first.milliseconds, milliseconds));
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
