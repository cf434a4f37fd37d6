// The page: what is chosen, what is shown. All that takes long happens in the worker.

import './style.css';
import { save, show, showGrid } from './canvas.js';
import { ask } from './crop.js';
import { Engine } from './engine.js';
import * as manifests from './manifest.js';
import { mixed } from './pixels.js';

const MODELS = new URL('models/', document.baseURI);
const RUNTIME = new URL('litert/', document.baseURI);

const element = (id) => document.getElementById(id);
const lists = { source: [], look: [] }; // {name, blob, url, box, bytes} or {name, style}
const chosen = { source: null, look: null };
let manifest;
let engine;
let encodeTime = null;

async function start() {
  await offlineReady();
  engine = new Engine((share) => (element('progress').value = share));
  manifest = await manifests.load(new URL('manifest.json', MODELS));
  describe();
  await useModel();
  await addExamples();
  for (const { domain, style } of manifests.averageStyles(manifest)) {
    add('look', { name: `Average of domain ${domain}`, short: `domain ${domain}`, style });
  }
  for (const role of ['source', 'look']) select(role, lists[role][0]);
  element('all').disabled = element('save').disabled = false;
  await translate();
  for (const look of lists.look) await preview(look);
}

/** Waits until the service worker keeps what is loaded; without one the page works all the same. */
async function offlineReady() {
  if (!('serviceWorker' in navigator)) return;
  const claimed = new Promise((resolve) => {
    if (navigator.serviceWorker.controller) resolve();
    navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
  });
  try {
    await navigator.serviceWorker.register(new URL('service_worker.js', document.baseURI));
    await Promise.race([claimed, new Promise((resolve) => setTimeout(resolve, 5000))]);
  } catch {
    // Private windows and file: pages have none.
  }
}

/** Loads the variant and accelerator that the settings say. */
async function useModel() {
  const [variant, accelerator] = [element('variant').value, element('accelerator').value];
  element('progress').hidden = false;
  say('Loading the model …');
  const { accelerator: used, note } = await engine.load(
    manifest, variant, accelerator, MODELS, RUNTIME,
  );
  element('accelerator').value = used;
  element('progress').hidden = true;
  say(note || 'Ready.');
}

/** Fills what the page says of the model. */
function describe() {
  const { image_size: size, num_domains: domains, step, licence, origin } = manifest;
  const facts = {
    Pictures: `${size} × ${size} pixels`,
    'Pseudo-domains': domains,
    'Trained steps': step,
    Licence: licence ?? 'not stated',
    ...(origin && { Origin: origin }),
  };
  for (const [name, value] of Object.entries(facts)) {
    const term = document.createElement('dt');
    const detail = document.createElement('dd');
    term.textContent = name;
    detail.textContent = value;
    element('about').append(term, detail);
  }
  for (const variant of manifests.variants(manifest)) {
    element('variant').add(new Option(`${variant}: ${manifest.variants[variant].for}`, variant));
  }
  element('variant').value = manifest.recommended.cpu;
  navigator.gpu?.requestAdapter().then((adapter) => {
    if (adapter) element('accelerator').options[1].disabled = false;
  });
}

async function addExamples() {
  const response = await fetch(new URL('examples/index.json', document.baseURI));
  const { sources, references } = await response.json();
  for (const [role, names] of [['source', sources], ['look', references]]) {
    for (const name of names) {
      const content = await fetch(new URL(name, document.baseURI));
      await addPicture(role, await content.blob(), name.split('/').pop());
    }
  }
}

/** Adds a picture's file to a list; returns its entry, or null if it is not a picture. */
async function addPicture(role, blob, name) {
  try {
    const { bytes, width, height } = await engine.cut(blob);
    return add(role, { name, blob, bytes, width, height, url: URL.createObjectURL(blob) });
  } catch (error) {
    fail(`${name} ${error.message}.`);
    return null;
  }
}

function add(role, entry) {
  const label = document.createElement('label');
  const input = document.createElement('input');
  input.type = 'radio';
  input.name = role;
  input.setAttribute('aria-label', entry.name);
  input.addEventListener('change', () => {
    select(role, entry);
    translate();
  });
  label.append(input);
  entry.canvas = document.createElement('canvas');
  label.append(entry.canvas);
  if (entry.bytes) show(entry.canvas, entry.bytes, manifest.image_size);
  else {
    const caption = document.createElement('span');
    caption.className = 'caption';
    caption.textContent = entry.short;
    label.append(caption);
  }
  label.title = entry.name;
  entry.input = input;
  lists[role].push(entry);
  element(role === 'source' ? 'sources' : 'looks').append(label);
  if (role === 'look') fillSecond();
  return entry;
}

function select(role, entry) {
  chosen[role] = entry;
  entry.input.checked = true;
  element(`crop-${role}`).disabled = !entry.blob;
}

function fillSecond() {
  const second = element('second');
  const value = second.value;
  second.replaceChildren(new Option('nothing', ''));
  lists.look.forEach((look, i) => second.add(new Option(look.name, i)));
  second.value = value;
}

/** The style of a look; computed once for each picture. */
async function styleOf(look) {
  if (!look.style) {
    const { style, milliseconds } = await engine.encode(look.bytes);
    look.style = style;
    encodeTime = milliseconds;
  }
  return look.style;
}

let wanted = 0; // the newest translation asked for; older ones are not shown

async function translate() {
  const mine = ++wanted;
  const { source, look } = chosen;
  try {
    let style = await styleOf(look);
    const second = lists.look[element('second').value];
    element('share').disabled = !second;
    element('share-shown').value = second ? `${element('share').value} %` : '';
    if (second) {
      const share = Number(element('share').value) / 100;
      style = mixed(style, await styleOf(second), share, manifest.style_on_unit_sphere);
    }
    if (mine !== wanted) return;
    const { bytes, milliseconds } = await engine.generate(source.bytes, style);
    if (mine !== wanted) return;
    const canvas = element('translated');
    show(canvas, bytes, manifest.image_size);
    canvas.setAttribute('aria-label', `${source.name} in the look of ${look.name}`);
    const encoder = encodeTime === null ? '' : `encoder ${milli(encodeTime)} (once a look), `;
    element('times').textContent = `${encoder}generator ${milli(milliseconds)}`;
    canvas.dataset.drawn = String(mine); // for tests
    element('error').hidden = true;
  } catch (error) {
    fail(error.message);
  }
}

/** Shows what a look without a picture, an average, makes of the first source. */
async function preview(look) {
  if (look.bytes) return;
  look.preview = (await engine.generate(lists.source[0].bytes, look.style)).bytes;
  show(look.canvas, look.preview, manifest.image_size);
}

/** Every source in every look. */
async function all() {
  element('all').disabled = true;
  try {
    const looks = lists.look;
    const rows = [[null, ...looks.map((look) => look.bytes ?? look.preview ?? null)]];
    const total = lists.source.length * looks.length;
    for (const source of lists.source) {
      const row = [source.bytes];
      for (const look of looks) {
        row.push((await engine.generate(source.bytes, await styleOf(look))).bytes);
        say(`${(rows.length - 1) * looks.length + row.length - 1} of ${total} translations`);
      }
      rows.push(row);
    }
    element('grid-section').hidden = false;
    showGrid(element('grid'), rows, manifest.image_size);
    element('grid').setAttribute(
      'aria-label', `${lists.source.length} pictures in ${looks.length} looks`,
    );
    element('grid-section').scrollIntoView({ behavior: 'smooth' });
    say('Ready.');
  } catch (error) {
    fail(error.message);
  }
  element('all').disabled = false;
}

async function crop(role) {
  const entry = chosen[role];
  const box = await ask(entry.url, entry.box ?? null);
  if (!box) return;
  entry.box = box;
  entry.bytes = (await engine.cut(entry.blob, box)).bytes;
  entry.style = undefined;
  show(entry.canvas, entry.bytes, manifest.image_size);
  await translate();
}

async function addFiles(role, files) {
  let last = null;
  for (const file of files) last = (await addPicture(role, file, file.name)) ?? last;
  if (!last) return;
  select(role, last);
  await translate();
}

function say(text) {
  element('message').textContent = text;
}

function fail(text) {
  element('error').textContent = text;
  element('error').hidden = false;
}

const milli = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

for (const role of ['source', 'look']) {
  element(`add-${role}`).addEventListener('change', async ({ target }) => {
    await addFiles(role, target.files);
    target.value = ''; // the same file may be picked again
  });
  element(`crop-${role}`).addEventListener('click', () => crop(role));
  const section = document.querySelector(`section[data-role=${role}]`);
  for (const name of ['dragover', 'dragleave', 'drop']) {
    section.addEventListener(name, (event) => {
      event.preventDefault();
      section.classList.toggle('over', name === 'dragover');
      if (name === 'drop') addFiles(role, event.dataTransfer.files);
    });
  }
}
for (const id of ['second', 'share']) element(id).addEventListener('input', translate);
element('all').addEventListener('click', all);
element('save').addEventListener('click', () => save(element('translated'), 'translated.png'));
element('save-grid').addEventListener('click', () => save(element('grid'), 'grid.png'));
for (const id of ['variant', 'accelerator']) {
  element(id).addEventListener('change', async () => {
    try {
      for (const look of lists.look) if (look.bytes) look.style = undefined;
      await useModel();
      await translate();
    } catch (error) {
      fail(error.message);
    }
  });
}

start().catch((error) => {
  element('status').hidden = true;
  fail(error.message);
});
