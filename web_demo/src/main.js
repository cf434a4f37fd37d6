// The page: puts its parts together.

import './style.css';
import './dialogs.css';
import './narrow.css';
import { addExamples, Previews } from './examples.js';
import { Gallery } from './gallery.js';
import { Grid } from './grid.js';
import { Intake } from './intake.js';
import { Live } from './live.js';
import * as manifests from './manifest.js';
import { Model } from './model.js';
import { fail, say, showProgress } from './notices.js';
import { register } from './offline.js';
import { Photographs } from './photographs.js';
import { Result } from './result.js';
import { Settings } from './settings.js';
import { randomStyle } from './styles.js';
import { Translation } from './translation.js';

const MODELS = new URL('models/', document.baseURI);
const RUNTIME = new URL('litert/', document.baseURI);

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
  const photographs = new Photographs(manifest);
  const sources = new Gallery('source', document.getElementById('sources'), photographs);
  const looks = new Gallery('look', document.getElementById('looks'), photographs);
  const model = new Model({ manifest, modelsUrl: MODELS, runtimeUrl: RUNTIME }, showProgress);
  const result = new Result();
  const translation = new Translation({ model, photographs, sources, looks, result });
  const live = new Live({ model, photographs, translation, sources, result });
  const grid = new Grid(model, sources, looks, manifest.image_size);
  const previews = new Previews({ model, sources, looks });
  const settings = new Settings(model, manifest, modelLoaded);
  const filled = fill();
  const loading = settings.use();
  await filled;
  await intake.start((role, files) => (role === 'source' ? sources : looks).addFiles(files));
  await loading;

  async function fill() {
    offerRandomLooks(manifest, looks);
    await addExamples(manifest, MODELS, sources, looks);
    for (const gallery of [sources, looks]) await gallery.restore();
  }

  /** What the model before has drawn is drawn again. */
  async function modelLoaded() {
    await filled;
    grid.offer();
    live.offer();
    translation.request();
    previews.request();
  }
}

function offerRandomLooks({ domains, style_on_unit_sphere: onSphere }, looks) {
  const button = document.getElementById('random');
  button.hidden = !randomStyle(domains, onSphere);
  button.addEventListener('click', () => {
    const numbers = looks.entries.map(({ name }) => Number(name.match(/^Random look (\d+)$/)?.[1] ?? 0));
    const name = `Random look ${Math.max(0, ...numbers) + 1}`;
    looks.choose(looks.addStyle(name, randomStyle(domains, onSphere), crypto.randomUUID()));
  });
}

function report(error) {
  showProgress(null);
  say('');
  fail(error.message);
}

start(new Intake()).catch(report);
