// A list of pictures or styles, of which one is chosen. Files become entries, entries are cropped and removed.

import { show } from './canvas.js';
import { ask } from './crop.js';
import { hex } from './download.js';
import { announce, fail, say } from './notices.js';

const element = (id) => document.getElementById(id);
let made = 0; // entries so far, for identifiers

/** Sends 'chosen' when another entry, or another part of it, is chosen; 'changed' when entries come or go. */
export class Gallery extends EventTarget {
  entries = [];
  chosen = null;
  #role;
  #list;
  #size;
  #cutter;

  /**
   * @param {'source' | 'look'} role Ends the identifiers of its buttons, and names its radio buttons.
   * @param {HTMLElement} list Where the thumbnails go.
   * @param {number} size Side of the squares that the model takes, pixels.
   * @param {import('./rpc.js').Remote} cutter Runs `cutting_worker.js`.
   */
  constructor(role, list, size, cutter) {
    super();
    [this.#role, this.#list, this.#size, this.#cutter] = [role, list, size, cutter];
    list.addEventListener('keydown', (event) => {
      if (event.key === 'Delete' || event.key === 'Backspace') this.remove(this.chosen);
    });
    element(`remove-${role}`).addEventListener('click', () => this.remove(this.chosen));
    element(`crop-${role}`).addEventListener('click', () =>
      this.#crop(this.chosen).catch((error) => fail(error.message)),
    );
  }

  /**
   * Adds files and chooses the last one; a picture that is there already is only chosen.
   *
   * @param {File[]} files What was chosen, dropped or pasted.
   */
  async addFiles(files) {
    let last = null;
    for (const file of files) last = (await this.addPicture(file, file.name || 'picture')) ?? last;
    if (last) this.choose(last);
  }

  /** Adds one picture's file; returns its entry, or null if it is no picture. */
  async addPicture(blob, name) {
    try {
      const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
      const hash = hex(new Uint8Array(digest));
      const known = this.entries.find((entry) => entry.hash === hash);
      if (known) {
        say(`${name} is already in the list.`);
        return known;
      }
      const { bytes } = await this.#cut(blob);
      return this.#add({ name, blob, hash, bytes, url: URL.createObjectURL(blob) });
    } catch (error) {
      fail(`${name} ${error.name === 'NotReadableError' ? 'cannot be read' : error.message}.`);
      return null;
    }
  }

  /** Adds a style code that has a caption in place of a picture. */
  addStyle(name, caption, style) {
    return this.#add({ name, caption, style });
  }

  /** Shows RGB bytes as an entry's thumbnail. */
  redraw(entry, bytes) {
    show(entry.canvas, bytes, this.#size);
  }

  choose(entry) {
    this.chosen = entry;
    if (entry) {
      entry.input.checked = true;
      const { left, width } = entry.label.getBoundingClientRect();
      const { left: start, width: visible } = this.#list.getBoundingClientRect();
      if (left < start || left + width > start + visible) {
        this.#list.scrollLeft += left - start - (visible - width) / 2;
      }
    }
    element(`crop-${this.#role}`).disabled = !entry?.blob;
    element(`remove-${this.#role}`).disabled = !entry;
    this.dispatchEvent(new Event('chosen'));
  }

  /** Removes an entry; its neighbor is chosen in its place. */
  remove(entry) {
    const at = this.entries.indexOf(entry);
    if (at < 0) return;
    const focused = entry.label.contains(document.activeElement);
    this.entries.splice(at, 1);
    entry.label.remove();
    if (entry.url) URL.revokeObjectURL(entry.url);
    announce(`${entry.name} was removed.`);
    this.dispatchEvent(new Event('changed'));
    if (this.chosen !== entry) return;
    this.choose(this.entries[Math.min(at, this.entries.length - 1)] ?? null);
    if (focused) this.chosen?.input.focus();
  }

  /** Adds an entry: name, and either a picture's {blob, hash, bytes, url} or {caption, style}. */
  #add(entry) {
    entry.id = String(++made);
    entry.input = document.createElement('input');
    entry.input.type = 'radio';
    entry.input.name = this.#role;
    entry.input.setAttribute('aria-label', entry.name);
    entry.input.addEventListener('change', () => this.choose(entry));
    entry.canvas = document.createElement('canvas');
    entry.label = document.createElement('label');
    entry.label.title = entry.name;
    entry.label.append(entry.input, entry.canvas);
    if (entry.caption) {
      const caption = document.createElement('span');
      caption.className = 'caption';
      caption.textContent = entry.caption;
      entry.label.append(caption);
    }
    if (entry.bytes) this.redraw(entry, entry.bytes);
    this.entries.push(entry);
    this.#list.append(entry.label);
    this.dispatchEvent(new Event('changed'));
    return entry;
  }

  /** Asks for another part of an entry's picture. */
  async #crop(entry) {
    const box = await ask(entry.url, entry.box ?? null);
    element(`crop-${this.#role}`).focus();
    if (!box) return;
    entry.box = box;
    entry.bytes = (await this.#cut(entry.blob, box)).bytes;
    this.redraw(entry, entry.bytes);
    this.dispatchEvent(new Event('chosen'));
  }

  /** A picture's file as the model's square: {bytes, width, height}; box as in `crop.js`. */
  #cut(blob, box) {
    return this.#cutter.call('cut', { blob, size: this.#size, box });
  }
}
