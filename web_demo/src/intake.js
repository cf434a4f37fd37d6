// How pictures get in: chosen, dropped anywhere on the page, or pasted. What comes before
// the model is known waits.

import { note, say } from './notices.js';

const element = (id) => document.getElementById(id);
const ROLES = ['source', 'look'];

export class Intake {
  #accept = null;
  #waiting = [];

  constructor() {
    for (const role of ROLES) this.#listenToButton(role);
    this.#listenToDrops();
    document.addEventListener('paste', (event) => this.#paste(event));
  }

  /** Whether pictures are waiting. */
  get pending() {
    return this.#waiting.length > 0;
  }

  /**
   * Hands pictures on from now on, those that wait first.
   *
   * @param {(role: string, files: File[]) => Promise<void>} accept Takes the pictures.
   */
  async start(accept) {
    while (this.#waiting.length) await accept(...this.#waiting.shift());
    this.#accept = accept;
  }

  #add(role, files) {
    if (!files.length) return;
    if (this.#accept) {
      this.#accept(role, files);
      return;
    }
    this.#waiting.push([role, files]);
    const count = this.#waiting.reduce((sum, [, some]) => sum + some.length, 0);
    say(`${count === 1 ? '1 picture waits' : `${count} pictures wait`} for the model …`);
  }

  #listenToButton(role) {
    const input = element(`add-${role}`);
    input.addEventListener('change', () => {
      const files = [...input.files];
      input.value = ''; // the same file may be picked again
      this.#add(role, files);
    });
  }

  /** The whole page takes drops: of looks over their section, of pictures everywhere else. */
  #listenToDrops() {
    const sections = Object.fromEntries(ROLES.map((role) => [role, element(`${role}-section`)]));
    const roleAt = ({ target }) => (sections.look.contains(target) ? 'look' : 'source');
    const mark = (over) => {
      document.body.classList.toggle('dropping', over !== null);
      for (const role of ROLES) sections[role].classList.toggle('over', role === over);
    };
    document.addEventListener('dragover', (event) => {
      event.preventDefault(); // or the browser would leave the page and open the file
      mark(roleAt(event));
    });
    document.addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) mark(null);
    });
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      mark(null);
      const files = [...event.dataTransfer.files];
      if (files.length) this.#add(roleAt(event), files);
      else note('Only files can be dropped here: save the picture first, then drop its file.');
    });
    document.addEventListener('dragend', () => mark(null));
  }

  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) {
      note('The clipboard holds no picture.');
      return;
    }
    event.preventDefault();
    const inLooks = document.activeElement?.closest('section')?.dataset.role === 'look';
    this.#add(inLooks ? 'look' : 'source', files);
  }
}
