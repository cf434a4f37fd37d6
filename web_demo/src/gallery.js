// A list of pictures or looks, of which one is chosen. Files become entries, entries are cropped and removed.

import { ask } from './crop.js';
import { hex } from './download.js';
import { KeptPictures } from './kept_pictures.js';
import { busy, fail, note, settle } from './notices.js';
import { showMiddle } from './pixels.js';

const element = (id) => document.getElementById(id);
const HEIC = /\.hei[cf]$/i;
const HEIC_HINT = 'HEIC is the format of iPhones: save the photo as JPEG, or set the camera to “Most Compatible”.';
let made = 0; // entries so far, for identifiers

/** Sends 'chosen' when another entry, or another part of it, is chosen; 'changed' when entries come or go. */
export class Gallery extends EventTarget {
  entries = [];
  chosen = null;
  #role;
  #list;
  #photographs;
  #kept;

  /**
   * @param {'source' | 'look'} role Ends the identifiers of its buttons, and names its radio buttons.
   * @param {HTMLElement} list Where the thumbnails go.
   * @param {import('./photographs.js').Photographs} photographs Reads them.
   */
  constructor(role, list, photographs) {
    super();
    [this.#role, this.#list, this.#photographs] = [role, list, photographs];
    this.#kept = new KeptPictures(role);
    list.addEventListener('keydown', (event) => {
      if (event.key === 'Delete' || event.key === 'Backspace') this.remove(this.chosen);
    });
    element(`remove-${role}`).addEventListener('click', () => this.remove(this.chosen));
    element(`crop-${role}`).addEventListener('click', () =>
      this.#crop(this.chosen).catch((error) => fail(error.message)),
    );
  }

  /**
   * Adds the visitor's files and chooses the last one; a picture that is there already is only chosen.
   *
   * @param {File[]} files What was chosen, dropped or pasted.
   */
  async addFiles(files) {
    let [last, message] = [null, ''];
    const bad = [];
    for (const [i, file] of files.entries()) {
      const name = file.name || 'picture';
      busy(`Reading ${name}${files.length > 1 ? `, ${i + 1} of ${files.length}` : ''} …`);
      try {
        const hash = await hashOf(file);
        const known = this.entries.find((entry) => entry.hash === hash);
        if (known) message = `${name} is already in the list.`;
        last = known ?? (await this.#addPicture(file, name, hash));
        if (!known && !(await this.#keep(last))) {
          message = `${name} is not kept for the next visit: the browser's storage is full.`;
        }
      } catch (error) {
        bad.push({ name, gone: error.name === 'NotReadableError' });
      }
    }
    if (message) note(message);
    else settle();
    reportBad(bad);
    if (last) this.choose(last);
  }

  /** Adds an example, which is not kept; one that is no picture is left out. */
  async addExample(blob, name, caption) {
    try {
      await this.#addPicture(blob, name, await hashOf(blob), caption);
    } catch {
      reportBad([{ name }]);
    }
  }

  /**
   * Adds what the visitor has added on earlier visits, and chooses the last one. What cannot be shown now stays kept:
   * memory or storage may be short, and random looks may be of another model.
   */
  async restore() {
    let last = null;
    const failed = [];
    for (const kept of await this.#kept.all()) {
      if (this.entries.some(({ hash }) => hash === kept.hash)) continue; // an example of this model
      if (kept.style && kept.style.length !== this.#photographs.manifest.style_dim) continue;
      try {
        last = this.#add(kept.style ? kept : await this.#seen(kept));
      } catch {
        failed.push(kept);
      }
    }
    if (failed.length) this.#reportKept(failed);
    if (last) this.choose(last);
  }

  #reportKept(entries) {
    const one = entries.length === 1;
    const names = entries.map(({ name }) => name).join(', ');
    fail(
      one
        ? `${names}, kept from an earlier visit, cannot be shown now; the next visit tries again.`
        : `${entries.length} pictures kept from earlier visits cannot be shown now; the next visit tries again: ${names}.`,
      { label: one ? 'Remove it' : 'Remove them', act: () => entries.forEach(({ hash }) => this.#kept.remove(hash)) },
    );
  }

  /** Adds a style code that has a caption in place of a picture; keeps it if it has a `hash`. */
  addStyle(name, style, hash = undefined) {
    const entry = this.#add({ name, caption: name, style, hash });
    if (hash) this.#keep(entry);
    return entry;
  }

  /** Shows what the model has drawn as the thumbnail of a style code. */
  preview(entry, seen) {
    entry.preview = seen;
    showMiddle(entry.canvas, seen);
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
    if (entry.hash) this.#kept.remove(entry.hash);
    note(`${entry.name} was removed.`, { label: 'Undo', act: () => this.#putBack(entry, at) });
    this.dispatchEvent(new Event('changed'));
    if (this.chosen !== entry) return;
    this.choose(this.entries[Math.min(at, this.entries.length - 1)] ?? null);
    if (focused) this.chosen?.input.focus();
  }

  #putBack(entry, at) {
    this.#list.insertBefore(entry.label, this.entries[at]?.label ?? null);
    this.entries.splice(at, 0, entry);
    if (entry.added) this.#keep(entry);
    this.dispatchEvent(new Event('changed'));
    this.choose(entry);
    entry.input.focus();
  }

  /** Adds an entry: name, caption, and a picture's {blob, hash, crop, seen} or a {style}. */
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
    if (entry.seen) showMiddle(entry.canvas, entry.seen);
    this.entries.push(entry);
    this.#list.append(entry.label);
    this.dispatchEvent(new Event('changed'));
    return entry;
  }

  async #addPicture(blob, name, hash, caption) {
    return this.#add(await this.#seen({ name, blob, hash, caption }));
  }

  /** Keeps an entry of the visitor for the next visit; whether that was possible. */
  #keep(entry) {
    entry.added ??= performance.timeOrigin + performance.now(); // orders the entries of later visits
    return this.#kept.put(entry);
  }

  /** Asks for another part of an entry's picture. */
  async #crop(entry) {
    const url = URL.createObjectURL(entry.blob);
    const crop = await ask(url, entry.crop ?? null).finally(() => URL.revokeObjectURL(url));
    element(`crop-${this.#role}`).focus();
    if (crop === null) return;
    entry.crop = crop.side ? crop : undefined;
    await this.#seen(entry);
    if (entry.added) this.#keep(entry);
    showMiddle(entry.canvas, entry.seen);
    this.dispatchEvent(new Event('chosen'));
  }

  /** An entry with what the model sees of its picture, in `seen`. */
  async #seen(entry) {
    entry.seen = await this.#photographs.see(entry, this.#role);
    return entry;
  }
}

async function hashOf(blob) {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())));
}

/** One problem for files that are no pictures, one for files that are gone; nothing if there are none. */
function reportBad(files) {
  for (const [gone, one, many] of [
    [true, 'cannot be read any more: it was moved or changed', 'cannot be read any more: they were moved or changed'],
    [false, 'is not a picture that this browser can read', 'are not pictures that this browser can read'],
  ]) {
    const names = files.filter((file) => Boolean(file.gone) === gone).map(({ name }) => name);
    if (!names.length) continue;
    const hint = names.some((name) => HEIC.test(name)) && !gone ? ` ${HEIC_HINT}` : '';
    if (names.length === 1) fail(`${names[0]} ${one}.${hint}`);
    else fail(`${names.length} files ${many}: ${names.join(', ')}.${hint}`);
  }
}
