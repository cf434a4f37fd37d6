// From a picture's file to an entry of a gallery.

import { hex } from './download.js';
import { fail, say } from './notices.js';
import { Remote } from './rpc.js';

export class Pictures {
  #cutter = new Remote(new Worker(new URL('./cutting_worker.js', import.meta.url)));
  #size;

  /** @param {number} size Side of the squares that the model takes, pixels. */
  constructor(size) {
    this.#size = size;
  }

  /**
   * Adds files to a gallery and chooses the last one; a picture that is there already is only chosen.
   *
   * @param {import('./gallery.js').Gallery} gallery Where to.
   * @param {File[]} files What was chosen, dropped or pasted.
   */
  async addAll(gallery, files) {
    let last = null;
    for (const file of files) last = (await this.add(gallery, file, file.name || 'picture')) ?? last;
    if (last) gallery.choose(last);
  }

  /** Adds one file; returns its entry, or null if it is no picture. */
  async add(gallery, blob, name) {
    try {
      const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
      const hash = hex(new Uint8Array(digest));
      const known = gallery.find(hash);
      if (known) {
        say(`${name} is already in the list.`);
        return known;
      }
      const cut = await this.cut(blob);
      return gallery.add({ name, blob, hash, ...cut, url: URL.createObjectURL(blob) });
    } catch (error) {
      fail(`${name} ${error.name === 'NotReadableError' ? 'cannot be read' : error.message}.`);
      return null;
    }
  }

  /** A picture's file as the model's square: {bytes, width, height}; box as in `crop_box.js`. */
  cut(blob, box) {
    return this.#cutter.call('cut', { blob, size: this.#size, box });
  }
}
