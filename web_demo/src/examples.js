// What the lists begin with: example pictures, and the average style of every group.

import { download } from './download.js';
import * as manifests from './manifest.js';
import { fail } from './notices.js';

const ROLE_OF_EXAMPLE = /^(picture|look)_(?=.)/; // at the start of the names that exports give

/**
 * Adds the manifest's examples, or else those of the page, and the average styles; chooses the first ones.
 *
 * @param {object} manifest Names them.
 * @param {URL} modelsUrl Where the manifest lies.
 * @param {import('./gallery.js').Gallery} sources Receives pictures.
 * @param {import('./gallery.js').Gallery} looks Receives pictures of styles and average styles.
 */
export async function addExamples(manifest, modelsUrl, sources, looks) {
  const found = await list(manifest, modelsUrl);
  for (const [gallery, files] of [[sources, found.sources], [looks, found.references]]) {
    const contents = files.map(({ get }) => get().catch((error) => error)); // all on their way at once
    for (const [i, { name }] of files.entries()) {
      const content = await contents[i];
      if (content instanceof Error) fail(`The example ${name} is left out: ${content.message}`);
      else await gallery.addExample(content, name);
    }
  }
  const averages = manifests.averageStyles(manifest);
  document.getElementById('averages-hint').hidden = !averages.length;
  for (const { domain, style } of averages) {
    looks.addStyle(`average style ${domain + 1}`, `average ${domain + 1}`, style);
  }
  for (const gallery of [sources, looks]) gallery.choose(gallery.entries[0] ?? null);
}

/** Shows what each average style, which has no picture, makes of the first picture. */
export async function previewAverages(model, sources, looks) {
  const source = sources.entries[0];
  if (!source) return;
  for (const look of looks.entries.filter((entry) => !entry.bytes)) {
    try {
      look.preview = (await model.generate(source.bytes, look.style)).bytes;
    } catch {
      return; // another model was chosen, or the translation itself says what is wrong
    }
    looks.redraw(look, look.preview);
  }
}

/** Pictures to begin with, {name, get}; the page's own in a role of which the manifest has none. */
async function list(manifest, modelsUrl) {
  const named = manifests.examples(manifest) ?? { sources: [], references: [] };
  const found = {};
  for (const [role, names] of Object.entries(named)) {
    found[role] = names.map((name) => ({
      name: name.replace(ROLE_OF_EXAMPLE, ''),
      get: () => verified(manifest.files[name], name, modelsUrl),
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
  return new Blob([content]);
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
