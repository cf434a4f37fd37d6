// What the lists begin with: example pictures and looks; and what looks without a picture show.

import { download } from './download.js';
import * as manifests from './manifest.js';
import { fail } from './notices.js';
import { Latest } from './translation.js';

const ROLE_OF_EXAMPLE = /^(picture|look)_(?=.)/; // at the start of the names that exports give

/**
 * Adds the manifest's examples, or else those of the page; average looks where the manifest has no looks of its own,
 * or none has arrived; and chooses the first ones.
 *
 * @param {object} manifest Names them.
 * @param {URL} modelsUrl Where the manifest lies.
 * @param {import('./gallery.js').Gallery} sources Receives pictures.
 * @param {import('./gallery.js').Gallery} looks Receives looks.
 */
export async function addExamples(manifest, modelsUrl, sources, looks) {
  const found = await list(manifest, modelsUrl);
  for (const [gallery, files] of [[sources, found.sources], [looks, found.references]]) {
    const contents = files.map(({ get }) => get().catch((error) => error)); // all on their way at once
    for (const [i, { name, caption }] of files.entries()) {
      const content = await contents[i];
      if (content instanceof Error) fail(`The example ${name} is left out: ${content.message}`);
      else await gallery.addExample(content, name, caption);
    }
  }
  const hasLooks = manifests.examples(manifest).references.length && looks.entries.length;
  const averages = hasLooks ? [] : manifests.averageStyles(manifest);
  document.getElementById('averages-hint').hidden = !averages.length;
  for (const { domain, style } of averages) looks.addStyle(`Average ${domain + 1}`, style);
  for (const gallery of [sources, looks]) gallery.choose(gallery.entries[0] ?? null);
}

/** Thumbnails of looks that have no picture: what each makes of the first picture. */
export class Previews {
  #parts;
  #latest = new Latest();

  /** @param {object} parts model; sources and looks, two galleries. */
  constructor({ model, sources, looks }) {
    this.#parts = { model, sources, looks };
    for (const gallery of [sources, looks]) {
      for (const event of ['changed', 'chosen']) gallery.addEventListener(event, () => this.request());
    }
  }

  /** Draws those that are missing. One that fails is tried again as soon as something is added or chosen. */
  request() {
    this.#latest.request((signal) => this.#draw(signal));
  }

  async #draw(signal) {
    const { model, sources, looks } = this.#parts;
    const [source] = sources.entries;
    if (!source || !model.used) return;
    for (const look of looks.entries.filter(({ style, preview }) => style && !preview)) {
      if (signal.aborted) return;
      const drawn = await model.generate(source.seen.bytes, look.style).catch(() => null);
      if (drawn) looks.preview(look, { ...source.seen, bytes: drawn.bytes });
    }
  }
}

/** Pictures to begin with, {name, caption, get}; the page's own in a role of which the manifest has none. */
async function list(manifest, modelsUrl) {
  const found = {};
  for (const [role, examples] of Object.entries(manifests.examples(manifest))) {
    found[role] = examples.map(({ file, caption }) => ({
      name: caption || file.replace(ROLE_OF_EXAMPLE, ''),
      caption,
      get: () => verified(manifest.files[file], file, modelsUrl),
    }));
  }
  const missing = Object.keys(found).filter((role) => !found[role].length);
  if (!missing.length) return found;
  try {
    const listed = await (await fetch(new URL('examples/index.json', document.baseURI))).json();
    for (const role of missing) found[role] = listed[role].map((address) => ofThePage(address));
  } catch {
    fail('The examples cannot be reached; add pictures of your own.');
  }
  return found;
}

/** A picture of the manifest, which is then kept for visits without a network. */
async function verified(file, name, modelsUrl) {
  if (!file) throw new Error(`The manifest's files lack ${name}; export the model again.`);
  const { content } = await download(new URL(name, modelsUrl), { name, ...file });
  return new Blob([content], { type: /\.jpe?g$/i.test(name) ? 'image/jpeg' : 'image/png' });
}

/** A picture of the page, which its service worker keeps. */
function ofThePage(address) {
  const name = address.split('/').pop();
  const get = async () => {
    const response = await fetch(new URL(address, document.baseURI)).catch(() => null);
    if (!response?.ok) throw new Error('It cannot be reached.');
    return response.blob();
  };
  return { name, get };
}
