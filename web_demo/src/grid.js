// Every picture in every style, drawn square by square; can be canceled.

import { save, SquareGrid } from './canvas.js';
import * as fileNames from './file_names.js';
import { announce } from './notices.js';
import { Stopped } from './rpc.js';

const element = (id) => document.getElementById(id);

export class Grid {
  #running = null; // AbortController
  #counts = [0, 0];

  constructor() {
    element('cancel-grid').addEventListener('click', () => this.#running?.abort());
    element('save-grid').addEventListener('click', () =>
      save(element('grid'), fileNames.grid(...this.#counts)),
    );
  }

  /**
   * Draws the grid; one that is being drawn is canceled.
   *
   * @param {object[]} sources Entries with bytes.
   * @param {object[]} looks Entries with bytes or a preview.
   * @param {number} size Side of the squares, pixels.
   * @param {(source: object, look: object) => Promise<Uint8ClampedArray>} translate Draws one square.
   */
  async draw(sources, looks, size, translate) {
    this.#running?.abort();
    const controller = (this.#running = new AbortController());
    this.#counts = [sources.length, looks.length];
    const canvas = element('grid');
    const squares = new SquareGrid(canvas, sources.length + 1, looks.length + 1, size);
    canvas.setAttribute('aria-label', `${sources.length} pictures in ${looks.length} styles`);
    looks.forEach((look, i) => (look.bytes ?? look.preview) && squares.put(0, i + 1, look.bytes ?? look.preview));
    sources.forEach((source, j) => squares.put(j + 1, 0, source.bytes));
    this.#show(true);
    const total = sources.length * looks.length;
    let done = 0;
    try {
      for (const [j, source] of sources.entries()) {
        for (const [i, look] of looks.entries()) {
          if (controller.signal.aborted) break;
          this.#say(`${done} of ${total} translations`);
          const bytes = await translate(source, look);
          if (controller.signal.aborted) break;
          squares.put(j + 1, i + 1, bytes);
          done++;
        }
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error; // another model was chosen
    } finally {
      if (this.#running === controller) {
        this.#running = null;
        this.#show(false);
        const text = done === total ? `All ${total} translations are ready.` : `Canceled after ${done} of ${total}.`;
        this.#say(text);
        announce(text);
      }
    }
  }

  #show(running) {
    const section = element('grid-section');
    if (section.hidden) {
      section.hidden = false;
      section.scrollIntoView({ block: 'nearest' });
    }
    section.setAttribute('aria-busy', String(running));
    element('cancel-grid').hidden = !running;
    element('save-grid').disabled = running;
  }

  #say(text) {
    element('grid-message').textContent = text;
  }
}
