// The translation: shown over its original, large, and saved.

import { closeOnBack } from './back.js';
import { enlarged, file, save, show } from './canvas.js';
import * as fileNames from './file_names.js';
import { announce, fail, note } from './notices.js';

const element = (id) => document.getElementById(id);
const FACTORS = [1, 2, 4, 8];
const CONTROLS = ['save', 'share-result', 'copy', 'enlarge', 'split']; // of a translation
const DRAG = 8; // pixels that a finger moves sideways before it drags the divider
const GOOD_SIZE = 256; // pixels that the suggested download has at least, if a factor reaches it

export class Result {
  #size;
  #drawn = null; // {bytes, names}
  #count = 0;

  /** @param {number} size Side of the squares, pixels. */
  constructor(size) {
    this.#size = size;
    const factors = element('factor');
    for (const factor of FACTORS) {
      factors.add(new Option(`${size * factor} × ${size * factor} (${factor}×)`, factor));
    }
    factors.value = FACTORS.find((factor) => size * factor >= GOOD_SIZE) ?? FACTORS.at(-1);
    element('save').addEventListener('click', async () => save(await this.#file()));
    this.#offerSharing();
    element('split').addEventListener('input', ({ target }) => showSplit(target.value));
    dragDivider();
    element('smooth').addEventListener('change', () => this.#smooth());
    element('enlarge').addEventListener('click', () => this.#openLarge());
    element('large').addEventListener('close', () => this.#closeLarge());
    element('large-close').addEventListener('click', () => element('large').close());
    this.#smooth();
  }

  /**
   * Shows a translation.
   *
   * @param {Uint8ClampedArray} bytes RGB of the translation.
   * @param {{source: Uint8ClampedArray, look: Uint8ClampedArray | undefined}} madeFrom RGB of the picture
   *   and of the style, if there is a picture of it.
   * @param {object} names As `file_names.translation` takes them.
   * @param {string} times What to say about speed.
   */
  show(bytes, madeFrom, names, times) {
    this.#drawn = { bytes, names };
    show(element('translated'), bytes, this.#size);
    for (const id of ['original', 'made-from-source']) show(element(id), madeFrom.source, this.#size);
    if (madeFrom.look) show(element('made-from-look'), madeFrom.look, this.#size);
    else wipe(element('made-from-look'));
    const mixed = names.second ? `, mixed with ${names.share}% of ${names.second}` : '';
    const text = `${names.source} in the style of ${names.look}${mixed}`;
    element('translated').setAttribute('aria-label', text);
    element('result-caption').textContent = text;
    element('times').textContent = times;
    announce(`Ready: ${text}.`);
    for (const id of CONTROLS) element(id).disabled = false;
    element('compare').dataset.drawn = String(++this.#count); // for tests
  }

  /** Shows that there is nothing, and what to do. */
  clear(text) {
    this.#drawn = null;
    for (const id of ['translated', 'original', 'made-from-source', 'made-from-look']) wipe(element(id));
    element('translated').setAttribute('aria-label', text);
    element('result-caption').textContent = text;
    element('times').textContent = '';
    for (const id of CONTROLS) element(id).disabled = true;
  }

  /** Marks the shown translation as being replaced. */
  busy(on) {
    element('compare').setAttribute('aria-busy', String(on));
  }

  get #isSmooth() {
    return element('smooth').checked;
  }

  #smooth() {
    element('compare').classList.toggle('pixels', !this.#isSmooth);
  }

  /** The same element moves into the dialog and back, so that nothing is drawn twice. */
  #openLarge() {
    element('large-slot').append(element('compare'));
    element('large').showModal();
    closeOnBack(element('large'));
  }

  #closeLarge() {
    element('stage').append(element('compare'));
    element('enlarge').focus();
  }

  /** The translation as a file of the chosen size. */
  #file() {
    const { bytes, names } = this.#drawn;
    const factor = Number(element('factor').value);
    const canvas = enlarged(bytes, this.#size, factor, this.#isSmooth);
    return file(canvas, fileNames.translation(names, this.#size * factor));
  }

  /** Buttons for what the browser can do with a file besides saving it. */
  #offerSharing() {
    const probe = new File([], 'picture.png', { type: 'image/png' });
    element('share-result').hidden = !navigator.canShare?.({ files: [probe] });
    element('copy').hidden = !(globalThis.ClipboardItem && navigator.clipboard?.write);
    element('share-result').addEventListener('click', async () => {
      try {
        await navigator.share({ files: [await this.#file()] });
      } catch (error) {
        if (error.name !== 'AbortError') fail(`The picture could not be shared: ${error.message}`);
      }
    });
    element('copy').addEventListener('click', async () => {
      try {
        await navigator.clipboard.write([new ClipboardItem({ 'image/png': this.#file() })]);
        note('The picture is in the clipboard.');
      } catch (error) {
        fail(`The picture could not be copied: ${error.message}`);
      }
    });
  }
}

function showSplit(percent) {
  element('compare').style.setProperty('--split', `${percent}%`);
}

/** The divider follows a mouse at once, and a finger that moves sideways; one that scrolls leaves it. */
function dragDivider() {
  const stage = element('compare');
  let start = null; // where the pointer went down
  let dragging = false;
  const follow = ({ clientX }) => {
    const { left, width } = stage.getBoundingClientRect();
    element('split').value = (100 * (clientX - left)) / width;
    showSplit(element('split').value);
  };
  stage.addEventListener('pointerdown', (event) => {
    if (element('split').disabled || !event.isPrimary || event.button) return;
    start = event.clientX;
    dragging = event.pointerType === 'mouse';
    stage.setPointerCapture(event.pointerId);
    if (dragging) follow(event);
  });
  stage.addEventListener('pointermove', (event) => {
    if (start === null || !event.isPrimary) return;
    dragging ||= Math.abs(event.clientX - start) >= DRAG;
    if (dragging) follow(event);
  });
  stage.addEventListener('pointerup', (event) => {
    if (start !== null && !dragging) follow(event); // a tap
    start = null;
  });
  stage.addEventListener('click', () => element('split').focus({ preventScroll: true })); // for the keys
  stage.addEventListener('pointercancel', () => (start = null)); // the browser scrolls
}

function wipe(canvas) {
  canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
}
