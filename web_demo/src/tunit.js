// Pictures in other looks, for pages of your own: `import { createTranslator } from './tunit.js'`. The file lies in the
// built page's folder, beside `assets/` and `litert/`, which it needs.

import * as manifests from './manifest.js';
import { Model } from './model.js';
import { Photographs } from './photographs.js';
import { mixed, randomStyle } from './styles.js';

const HERE = import.meta.url;

/**
 * Loads a pair of models that `export.tflite` wrote.
 *
 * @param {object} options
 * @param {string | URL} options.models Address of the folder with `manifest.json`, relative to the document.
 * @param {string} [options.variant] One of the manifest's; the one that is best for processors by default.
 * @param {string} [options.accelerator] 'wasm', the processor, or 'webgpu'.
 * @param {number} [options.threads] 0, the default, is as many as there are, up to four; more than one need a page
 *   that is isolated from other origins.
 * @param {(progress: {received: number, total: number}) => void} [options.onProgress] Receives bytes.
 * @returns {Promise<Translator>}
 */
export async function createTranslator({ models, variant, accelerator = 'wasm', threads = 0, onProgress = () => {} }) {
  const modelsUrl = new URL(String(models).replace(/\/?$/, '/'), document.baseURI);
  const manifest = await manifests.load(new URL('manifest.json', modelsUrl));
  const model = new Model({ manifest, modelsUrl, runtimeUrl: new URL('litert/', HERE) }, onProgress);
  await model.use({ variant: variant ?? manifests.recommended(manifest), accelerator, threads });
  return new Translator(manifest, model);
}

class Translator {
  #model;
  #photographs;
  #queue = Promise.resolve();
  #count = 0;

  constructor(manifest, model) {
    /** As `export.tflite` wrote it. */
    this.manifest = manifest;
    this.#model = model;
    this.#photographs = new Photographs(manifest);
  }

  /**
   * A picture redrawn in a look, at its own size.
   *
   * @param {Blob | string | URL | ImageBitmapSource} picture A file, an address, or an element that shows a picture.
   * @param {Blob | string | URL | ImageBitmapSource | Float32Array} look The same, or a style code of `randomLook` or
   *   `styleOf`.
   * @param {object} [settings]
   * @param {number} [settings.strength] 1 is the look; less stays closer to the picture, more exaggerates.
   * @param {number} [settings.detail] How much of the photograph's own detail returns, 0 to 1; the model's default.
   * @param {boolean} [settings.colorsOnly] Whether only colors change.
   * @param {{x: number, y: number, side: number}} [settings.crop] The only part that is redrawn, in pixels.
   * @param {number} [settings.feather] Pixels over which the change fades towards the edges of the crop or mask.
   * @param {Uint8Array} [settings.mask] A byte for every pixel of the picture, 255 where it is redrawn.
   * @returns {Promise<ImageBitmap>} To draw on a canvas; close it after use.
   */
  async translate(picture, look, { strength = 1, detail = this.manifest.detail ?? 1, crop, ...settings } = {}) {
    if (!(detail >= 0 && detail <= 1)) throw new RangeError(`detail is between 0 and 1; received ${detail}.`);
    return this.#next(async () => {
      const onSphere = this.manifest.style_on_unit_sphere;
      let style = await this.#style(look);
      const entry = { ...(await this.#entry(picture)), crop };
      entry.seen = await this.#photographs.see(entry, 'source');
      if (strength !== 1) style = mixed((await this.#model.styleOf(entry)).style, style, strength, onSphere);
      const { bytes } = await this.#model.generate(entry.seen.bytes, style);
      const drawn = await this.#photographs.redraw({ ...entry, blob: null }, bytes, { detail, ...settings });
      return drawn.bitmap;
    });
  }

  /** The style code of a picture, for many translations in the same look. */
  styleOf(look) {
    return this.#next(() => this.#style(look));
  }

  /** A style code drawn at random, or null if the model has none to begin with. */
  randomLook() {
    return randomStyle(this.manifest.domains, this.manifest.style_on_unit_sphere);
  }

  /** Frees the memory of models and photographs. */
  close() {
    this.#model.stop();
    this.#photographs.stop();
  }

  /** Runs after everything that was asked for before. */
  #next(act) {
    const done = this.#queue.then(act);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #style(look) {
    if (look instanceof Float32Array) return look;
    const entry = await this.#entry(look);
    entry.seen = await this.#photographs.see(entry, 'look');
    return (await this.#model.styleOf(entry)).style;
  }

  /** A picture with a name of its own. */
  async #entry(picture) {
    const hash = `picture ${++this.#count}`;
    if (picture instanceof Blob) return { hash, blob: picture };
    const isAddress = typeof picture === 'string' || picture instanceof URL;
    if (!isAddress) return { hash, blob: await createImageBitmap(picture) };
    const response = await fetch(picture);
    if (!response.ok) throw new Error(`${picture} cannot be read: the server answers ${response.status}.`);
    return { hash, blob: await response.blob() };
  }
}
