// Every picture in every look, drawn square by square; can be canceled.

import { announce, fail } from './notices.js';
import { drawMiddle, LEGIBLE } from './pixels.js';
import { Stopped } from './rpc.js';
import { file, nameOfGrid, save } from './saving.js';

const element = (id) => document.getElementById(id);
const GAP = 4; // pixels between squares

export class Grid {
  #model;
  #sources;
  #looks;
  #size;
  #running = null; // AbortController
  #counts = [0, 0];

  /**
   * @param {import('./model.js').Model} model Translates.
   * @param {import('./gallery.js').Gallery} sources Pictures.
   * @param {import('./gallery.js').Gallery} looks Looks.
   * @param {number} size Side of the squares, pixels.
   */
  constructor(model, sources, looks, size) {
    [this.#model, this.#sources, this.#looks, this.#size] = [model, sources, looks, size];
    for (const gallery of [sources, looks]) gallery.addEventListener('changed', () => this.offer());
    element('all').addEventListener('click', () => this.#draw());
    element('cancel-grid').addEventListener('click', () => this.#running?.abort());
    element('save-grid').addEventListener('click', () =>
      this.#save().catch((error) => fail(`The table could not be saved: ${error.message}`)),
    );
  }

  /** Lets the visitor ask for a grid once a model is loaded and both lists hold something. */
  offer() {
    const ready = this.#model.used && this.#sources.entries.length && this.#looks.entries.length;
    element('all').disabled = !ready;
  }

  /** Draws what the lists hold now; a grid that is being drawn is canceled. */
  async #draw() {
    this.#running?.abort();
    const controller = (this.#running = new AbortController());
    const [sources, looks] = [[...this.#sources.entries], [...this.#looks.entries]];
    this.#counts = [sources.length, looks.length];
    const squares = this.#prepare(sources, looks);
    this.#show(true);
    const total = sources.length * looks.length;
    let done = 0;
    try {
      for (const [j, source] of sources.entries()) {
        for (const [i, look] of looks.entries()) {
          if (controller.signal.aborted) break;
          this.#say(`${done} of ${total}`);
          const { style } = await this.#model.styleOf(look);
          const { bytes } = await this.#model.generate(source.seen.bytes, style);
          if (controller.signal.aborted) break;
          squares.put(j + 1, i + 1, { ...source.seen, bytes });
          done++;
        }
      }
    } catch (error) {
      // Stopped: another model was chosen.
      if (!(error instanceof Stopped)) fail(`The table could not be drawn: ${error.message}`);
    } finally {
      if (this.#running === controller) this.#finish(done, total);
    }
  }

  /** The empty grid with pictures in the first column and looks in the first row. */
  #prepare(sources, looks) {
    const canvas = element('grid');
    const squares = new SquareGrid(canvas, sources.length + 1, looks.length + 1, this.#size);
    canvas.setAttribute('aria-label', `${sources.length} pictures in ${looks.length} looks`);
    for (const [i, look] of looks.entries()) {
      const seen = look.seen ?? look.preview;
      if (seen) squares.put(0, i + 1, seen);
    }
    sources.forEach((source, j) => squares.put(j + 1, 0, source.seen));
    return squares;
  }

  #finish(done, total) {
    this.#running = null;
    this.#show(false);
    const ready = total === 1 ? 'The result is ready.' : `All ${total} results are ready.`;
    const text = done === total ? ready : `Canceled after ${done} of ${total}.`;
    this.#say(text);
    announce(text);
  }

  async #save() {
    save(await file(element('grid'), nameOfGrid(...this.#counts)));
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

/** Squares in rows and columns, drawn one by one. */
class SquareGrid {
  #context;
  #side;

  /** Empties a canvas for a number of rows and columns of squares of a size, in pixels. */
  constructor(canvas, rows, columns, size) {
    this.#side = size * Math.max(1, Math.round(LEGIBLE / size));
    const step = this.#side + GAP;
    canvas.width = step * columns - GAP;
    canvas.height = step * rows - GAP;
    this.#context = canvas.getContext('2d');
    this.#context.imageSmoothingEnabled = size >= LEGIBLE;
  }

  /** Draws the middle of what the model has seen or drawn; row and column count from 0. */
  put(row, column, seen) {
    const step = this.#side + GAP;
    drawMiddle(this.#context, seen, { x: column * step, y: row * step, side: this.#side });
  }
}
