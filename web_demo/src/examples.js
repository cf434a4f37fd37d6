// What the lists begin with: example pictures, and the average style of every group.

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
  const listed = await list(manifest, modelsUrl);
  for (const [gallery, addresses] of [[sources, listed.sources], [looks, listed.references]]) {
    for (const address of addresses) {
      const name = decodeURIComponent(address.pathname.split('/').pop()).replace(ROLE_OF_EXAMPLE, '');
      const response = await fetch(address).catch(() => null);
      if (response?.ok) await gallery.addPicture(await response.blob(), name);
      else fail(`The example ${name} cannot be reached.`);
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

/** Addresses of the pictures to begin with; the page's own in a role of which the manifest has none. */
async function list(manifest, modelsUrl) {
  const at = (names, base) => names.map((name) => new URL(name, base));
  const own = manifests.examples(manifest) ?? { sources: [], references: [] };
  const shown = { sources: at(own.sources, modelsUrl), references: at(own.references, modelsUrl) };
  const missing = Object.keys(shown).filter((role) => !shown[role].length);
  if (!missing.length) return shown;
  try {
    const listed = await (await fetch(new URL('examples/index.json', document.baseURI))).json();
    for (const role of missing) shown[role] = at(listed[role], document.baseURI);
  } catch {
    fail('The examples cannot be reached; add pictures of your own.');
  }
  return shown;
}
