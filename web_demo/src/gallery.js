// A list of pictures or styles of which one is chosen.

import { show } from './canvas.js';

let made = 0; // entries so far, for identifiers

export class Gallery {
  entries = [];
  chosen = null;
  #list;
  #role;
  #size;
  #changed;

  /**
   * @param {string} role 'source' or 'look', the name of the radio buttons.
   * @param {HTMLElement} list Where the thumbnails go.
   * @param {number} size Side of the squares, pixels.
   * @param {(event: 'chosen' | 'changed') => void} changed Receives 'chosen' when another entry is
   *   chosen, 'changed' when entries come or go.
   */
  constructor(role, list, size, changed) {
    this.#role = role;
    this.#list = list;
    this.#size = size;
    this.#changed = changed;
    list.addEventListener('keydown', (event) => {
      if (event.key === 'Delete' || event.key === 'Backspace') this.remove(this.chosen);
    });
  }

  /**
   * Adds an entry.
   *
   * @param {object} entry name, and either a picture's {blob, hash, bytes, width, height} or an average
   *   {style}; caption is shown on the thumbnail.
   */
  add(entry) {
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
    this.#changed('changed');
    return entry;
  }

  /** Shows RGB bytes as an entry's thumbnail. */
  redraw(entry, bytes) {
    show(entry.canvas, bytes, this.#size);
  }

  /** The entry with a file's checksum, if it was added before. */
  find(hash) {
    return this.entries.find((entry) => entry.hash === hash);
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
    this.#changed('chosen');
  }

  /** Removes an entry; its neighbor is chosen in its place. */
  remove(entry) {
    const at = this.entries.indexOf(entry);
    if (at < 0) return;
    const focused = entry.label.contains(document.activeElement);
    this.entries.splice(at, 1);
    entry.label.remove();
    if (entry.url) URL.revokeObjectURL(entry.url);
    this.#changed('changed');
    if (this.chosen !== entry) return;
    this.choose(this.entries[Math.min(at, this.entries.length - 1)] ?? null);
    if (focused) this.chosen?.input.focus();
  }
}
