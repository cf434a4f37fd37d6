// The page: puts its parts together.

import './style.css';
import './dialogs.css';
import './narrow.css';
import { ask } from './crop.js';
import { Gallery } from './gallery.js';
import { Grid } from './grid.js';
import { Intake } from './intake.js';
import * as manifests from './manifest.js';
import { Model } from './model.js';
import { announce, fail, say, showProgress } from './notices.js';
import { register } from './offline.js';
import { Pictures } from './pictures.js';
import { Result } from './result.js';
import { Stopped } from './rpc.js';
import { Settings } from './settings.js';
import { Translation } from './translation.js';

const MODELS = new URL('models/', document.baseURI);
const RUNTIME = new URL('litert/', document.baseURI);
const ROLE_OF_EXAMPLE = /^(picture|look)_(?=.)/; // at the start of the names that exports give

const element = (id) => document.getElementById(id);

async function start(intake) {
  if (!globalThis.crypto?.subtle) {
    throw new Error('Open this page over https or on localhost: browsers check files only there.');
  }
  if (await register(() => !intake.pending)) return; // the page is loaded again
  await openModel(intake);
}

/** Reads the manifest and shows the page; again on request if the manifest cannot be read. */
async function openModel(intake) {
  say('Loading the model …');
  let manifest;
  try {
    manifest = await manifests.load(new URL('manifest.json', MODELS));
  } catch (error) {
    showProgress(null);
    say('No model is loaded.');
    fail(error.message, { label: 'Try again', act: () => openModel(intake).catch(report) });
    return;
  }
  await show(manifest, intake);
}

async function show(manifest, intake) {
  const size = manifest.image_size;
  const model = new Model({ manifest, modelsUrl: MODELS, runtimeUrl: RUNTIME }, showProgress);
  const result = new Result(size);
  const pictures = new Pictures(size);
  const page = { model, manifest, result, size, pictures };
  const changed = (role) => (event) => react(page, role, event);
  page.sources = new Gallery('source', element('sources'), size, changed('source'));
  page.looks = new Gallery('look', element('looks'), size, changed('look'));
  page.translation = new Translation(page);
  page.grid = new Grid();
  const settings = new Settings(model, manifest, () => modelLoaded(page));
  listen(page);
  page.ready = addExamples(page);
  const loading = settings.use();
  await page.ready;
  await intake.start((role, files) => pictures.addAll(galleryOf(page, role), files));
  await loading;
}

/** After a model was loaded: what the one before has drawn is drawn again. */
async function modelLoaded(page) {
  await page.ready;
  element('all').disabled = false;
  page.translation.request();
  await previewAverages(page);
}

function galleryOf(page, role) {
  return role === 'source' ? page.sources : page.looks;
}

/** Follows a gallery: another entry is chosen, or entries have come or gone. */
function react(page, role, event) {
  const gallery = galleryOf(page, role);
  const { chosen } = gallery;
  element(`crop-${role}`).disabled = !chosen?.blob;
  element(`remove-${role}`).disabled = !chosen;
  if (event === 'changed' && role === 'look') page.translation.fillSecond();
  if (event === 'chosen') page.translation.request();
}

/** Pictures of the manifest, or else those of the page; and the average style of every group. */
async function addExamples(page) {
  const { sources, references } = await listExamples(page.manifest);
  for (const [gallery, addresses] of [[page.sources, sources], [page.looks, references]]) {
    for (const address of addresses) {
      const name = decodeURIComponent(address.pathname.split('/').pop()).replace(ROLE_OF_EXAMPLE, '');
      const response = await fetch(address).catch(() => null);
      if (response?.ok) await page.pictures.add(gallery, await response.blob(), name);
      else fail(`The example ${name} cannot be reached.`);
    }
  }
  const averages = manifests.averageStyles(page.manifest);
  element('averages-hint').hidden = !averages.length;
  for (const { domain, style } of averages) {
    const name = `average style ${domain + 1}`;
    page.looks.add({ name, caption: `average ${domain + 1}`, style });
  }
  for (const gallery of [page.sources, page.looks]) gallery.choose(gallery.entries[0] ?? null);
}

/** Addresses of the pictures to begin with; the page's own in a role of which the manifest has none. */
async function listExamples(manifest) {
  const at = (names, base) => names.map((name) => new URL(name, base));
  const own = manifests.examples(manifest) ?? { sources: [], references: [] };
  const shown = { sources: at(own.sources, MODELS), references: at(own.references, MODELS) };
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

/** Shows what each average style, which has no picture, makes of the first picture. */
async function previewAverages({ model, sources, looks }) {
  const { engine } = model;
  const source = sources.entries[0];
  if (!source) return;
  for (const look of looks.entries.filter((entry) => !entry.bytes)) {
    try {
      look.preview = (await engine.generate(source.bytes, look.style)).bytes;
    } catch {
      return; // another model was chosen, or the translation itself says what is wrong
    }
    looks.redraw(look, look.preview);
  }
}

async function crop(page, role) {
  const gallery = galleryOf(page, role);
  const entry = gallery.chosen;
  const box = await ask(entry.url, entry.box ?? null);
  element(`crop-${role}`).focus();
  if (!box) return;
  entry.box = box;
  entry.bytes = (await page.pictures.cut(entry.blob, box)).bytes;
  gallery.redraw(entry, entry.bytes);
  page.translation.request();
}

async function drawGrid(page) {
  const { model, sources, looks, size, translation, grid } = page;
  const translate = async (source, look) => {
    const { style } = await translation.styleOf(look);
    return (await model.engine.generate(source.bytes, style)).bytes;
  };
  try {
    await grid.draw([...sources.entries], [...looks.entries], size, translate);
  } catch (error) {
    if (!(error instanceof Stopped)) fail(`The grid could not be drawn: ${error.message}`);
  }
}

function listen(page) {
  for (const role of ['source', 'look']) {
    element(`crop-${role}`).addEventListener('click', () => crop(page, role).catch(report));
    element(`remove-${role}`).addEventListener('click', () => {
      const gallery = galleryOf(page, role);
      announce(`${gallery.chosen.name} was removed.`);
      gallery.remove(gallery.chosen);
    });
  }
  element('all').addEventListener('click', () => drawGrid(page));
}

function report(error) {
  showProgress(null);
  say('');
  fail(error.message);
}

start(new Intake({ say, fail })).catch(report);
