// The page's side of `photograph_worker.js`: which part of a photograph the model sees, and how large results may be.

import { Remote } from './rpc.js';

const MOST = 50e6; // pixels of a result
const MOST_ON_PHONES = 12.5e6; // photograph, result and canvas take 12 bytes of memory for each

export class Photographs {
  #remote = new Remote(new Worker(new URL('./photograph_worker.js', import.meta.url)));

  /** @param {object} manifest Of the model. */
  constructor(manifest) {
    this.manifest = manifest;
    this.most = isPhone() ? MOST_ON_PHONES : MOST;
  }

  /**
   * What the model sees of a picture.
   *
   * @param {object} entry hash: names the picture; blob: Blob, or ImageBitmap, which is taken over; crop: {x, y,
   *   side}, if only a part is redrawn; slot: whose decoded picture the worker forgets for it; seen: what this has
   *   returned before, and returns again if nothing has changed.
   * @param {'source' | 'look'} role Pictures are seen whole, as are looks where training has stretched pictures.
   * @returns {Promise<object>} As the worker's `see`.
   */
  async see({ hash, slot = 'photograph', blob, crop, seen }, role) {
    const { resize, image_size: size } = this.manifest;
    const fit = resize === 'stretch' ? 'stretch' : role === 'source' ? 'letterbox' : 'crop';
    const box = crop ? inPixels(crop) : null;
    const how = JSON.stringify({ box, fit, size });
    if (seen?.how === how) return seen;
    return { ...(await this.#call('see', { key: hash, slot, picture: blob, box, fit, size })), how };
  }

  /**
   * A picture redrawn at its own size.
   *
   * @param {object} entry As for `see`, with what it has returned in `seen`.
   * @param {Uint8ClampedArray} translation What the model has drawn.
   * @param {object} settings preview, detail, colorsOnly, feather, mask; see the worker's `redraw`.
   * @param {AbortSignal} [signal] Ends it early.
   * @returns {Promise<{bitmap: ImageBitmap, whole: boolean, milliseconds: number}>}
   */
  redraw({ hash, slot = 'photograph', blob, seen: { box, shown, bytes } }, translation, settings, signal) {
    const size = this.manifest.image_size;
    const options = { key: hash, slot, picture: blob, box, shown, size, source: bytes, translation, ...settings };
    return this.#call('redraw', options, signal);
  }

  /** Ends the worker. */
  stop() {
    this.#remote.stop();
  }

  #call(task, options, signal) {
    const transfer = options.picture instanceof ImageBitmap ? [options.picture] : [];
    return this.#remote.call(task, { most: this.most, ...options }, { signal, transfer });
  }
}

/** A square in whole pixels, which lies in the picture if the given one does. */
function inPixels({ x, y, side }) {
  const length = Math.max(1, Math.floor(side));
  return { x: Math.round(x), y: Math.round(y), width: length, height: length };
}

function isPhone() {
  if (navigator.userAgentData?.mobile) return true;
  return matchMedia('(pointer: coarse)').matches && Math.min(screen.width, screen.height) < 700;
}
