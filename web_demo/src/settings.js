// What the page says about the model, and how it runs.

import { fail, say, showProgress } from './notices.js';
import * as manifests from './manifest.js';

const element = (id) => document.getElementById(id);
const PRECISIONS = {
  float32: 'full precision',
  float16: 'half precision, for GPUs',
  dynamic_int8: '8 bit, fastest on processors',
  weight_int8: '8 bit weights, most exact of the small ones',
  static_int8: '8 bit, for neural processors',
};

export class Settings {
  #model;
  #manifest;
  #loaded;

  /**
   * @param {import('./model.js').Model} model Runs what is chosen here.
   * @param {object} manifest Describes it.
   * @param {() => Promise<void>} loaded Called whenever a model has been loaded.
   */
  constructor(model, manifest, loaded) {
    this.#model = model;
    this.#manifest = manifest;
    this.#loaded = loaded;
    describe(manifest);
    for (const variant of manifests.variants(manifest)) {
      const bytes = manifests.pair(manifest, variant).reduce((sum, file) => sum + file.bytes, 0);
      const precision = PRECISIONS[variant] ?? manifest.variants[variant].for ?? variant;
      element('variant').add(new Option(`${variant} (${precision}; ${megabytes(bytes)})`, variant));
    }
    element('variant').value = manifests.recommended(manifest);
    offerThreads();
    element('settings').addEventListener('toggle', offerGpu, { once: true });
    for (const id of ['variant', 'accelerator', 'threads']) {
      element(id).addEventListener('change', () => this.use());
    }
  }

  /** Loads what the settings say; the model that runs stays if that fails. */
  async use() {
    const choice = {
      variant: element('variant').value,
      accelerator: element('accelerator').value,
      threads: Number(element('threads').value),
    };
    say('Loading the model …');
    try {
      const outcome = await this.#model.use(choice);
      if (!outcome) return; // a newer choice is being loaded
      showProgress(null);
      say(outcome.note || 'Ready.');
      this.#showRunning(choice.threads);
      await this.#loaded();
    } catch (error) {
      showProgress(null);
      this.#showRunning(choice.threads);
      say(this.#model.used ? 'The model from before is still in use.' : 'No model is loaded.');
      fail(error.message, { label: 'Try again', act: () => this.#retry(choice) });
    }
  }

  #retry({ variant, accelerator, threads }) {
    element('variant').value = variant;
    element('accelerator').value = accelerator;
    element('threads').value = threads;
    return this.use();
  }

  /** The lists show what runs, not what was asked for. */
  #showRunning(threads) {
    const { used } = this.#model;
    element('variant').value = used?.variant ?? '';
    element('accelerator').value = used?.accelerator ?? 'wasm';
    const many = used?.threads > 1 ? `${used.threads} threads` : 'one thread';
    const runs = used?.accelerator === 'webgpu' ? 'the GPU' : `the processor, ${many}`;
    element('running').textContent = used ? `${used.variant} on ${runs}` : 'none';
    if (threads > (used?.threads ?? threads)) element('threads').value = used.threads;
  }
}

/** Asked for late, because browsers without a GPU answer with a warning on the console. */
async function offerGpu() {
  if (await navigator.gpu?.requestAdapter()) element('accelerator').options[1].disabled = false;
}

function offerThreads() {
  const most = crossOriginIsolated ? (navigator.hardwareConcurrency ?? 1) : 1;
  const threads = element('threads');
  threads.add(new Option(most > 1 ? 'automatic' : 'one (this browser or server allows no more)', 0));
  for (const count of [1, 2, 4, 8]) if (most > 1 && count <= most) threads.add(new Option(count, count));
  threads.disabled = most === 1;
}

/** Fills what the page says about the model. */
function describe(manifest) {
  const { title, description, image_size: size } = manifest;
  if (title) document.title = `${title}: ${document.title}`;
  element('model-title').textContent = title || 'This model';
  element('model-description').textContent = description || 'It works best with pictures like its examples.';
  const facts = {
    License: manifest.license || 'not stated',
    ...(manifest.origin && { Origin: manifest.origin }),
    'Sees pictures at': `${size} × ${size} pixels`,
  };
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined || value === null) continue;
    const term = document.createElement('dt');
    const detail = document.createElement('dd');
    term.textContent = name;
    detail.textContent = value;
    element('about').append(term, detail);
  }
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
