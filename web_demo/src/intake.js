// How pictures get in: chosen, photographed, dropped anywhere on the page, or pasted. What comes before
// the model is known waits.

import { fail, say } from './notices.js';

const element = (id) => document.getElementById(id);
const ROLES = ['source', 'look'];

export class Intake {
  #accept = null;
  #waiting = [];

  constructor() {
    for (const role of ROLES) this.#listenToButtons(role);
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

  #listenToButtons(role) {
    for (const input of [element(`add-${role}`), element(`camera-${role}`)]) {
      input.addEventListener('change', () => {
        const files = [...input.files];
        input.value = ''; // the same file may be picked again
        this.#add(role, files);
      });
    }
  }

  /** The whole page takes drops; the half under the pointer says what the pictures are for. */
  #listenToDrops() {
    const zone = element('drop');
    const halves = Object.fromEntries(ROLES.map((role) => [role, element(`drop-${role}`)]));
    const roleAt = ({ clientX }) => (clientX < document.documentElement.clientWidth / 2 ? 'source' : 'look');
    const hide = () => (zone.hidden = true);
    document.addEventListener('dragover', (event) => {
      event.preventDefault(); // or the browser would leave the page and open the file
      zone.hidden = false;
      for (const role of ROLES) halves[role].classList.toggle('over', role === roleAt(event));
    });
    document.addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) hide();
    });
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      hide();
      const files = [...event.dataTransfer.files];
      if (files.length) this.#add(roleAt(event), files);
      else fail('Only files can be dropped here: save the picture first, then drop its file.');
    });
    document.addEventListener('dragend', hide);
  }

  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) {
      say('The clipboard holds no picture.');
      return;
    }
    event.preventDefault();
    const inLooks = document.activeElement?.closest('section')?.dataset.role === 'look';
    this.#add(inLooks ? 'look' : 'source', files);
  }
}
