// The result: shown over its original, large, saved, shared and copied.

import { closeOnBack } from './back.js';
import { announce, fail, note } from './notices.js';
import { LEGIBLE, showMiddle } from './pixels.js';
import { file, formatFor, nameOf, save } from './saving.js';

const element = (id) => document.getElementById(id);
const CONTROLS = ['save', 'share-result', 'copy', 'enlarge', 'split']; // of a result
const DRAG = 8; // pixels that a finger moves sideways before it drags the divider

export class Result {
  #drawn = null; // {names, blob}
  #source = null; // whose picture is the original that is shown
  #count = 0;
  #whole = null; // {promise, resolve} until the result in its own size is there

  constructor() {
    element('save').addEventListener('click', () => this.#take(async () => save(await this.#file()), 'saved'));
    this.#offerSharing();
    element('split').addEventListener('input', ({ target }) => showSplit(target.value));
    dragDivider();
    element('enlarge').addEventListener('click', () => this.#openLarge());
    element('large').addEventListener('close', () => this.#closeLarge());
    element('large-close').addEventListener('click', () => element('large').close());
  }

  /**
   * Shows a result, or its preview.
   *
   * @param {{bitmap: ImageBitmap, whole: boolean}} drawn As `Photographs.redraw` returns it.
   * @param {{source: object, look: object}} entries What it was made from.
   * @param {object} names As `nameOf` takes them.
   * @param {string} times What to say about speed.
   */
  show({ bitmap, whole }, { source, look }, names, times) {
    this.#drawn = { names, blob: source.blob };
    this.#showOriginal(source);
    const { width, height } = bitmap;
    put(bitmap);
    showMiddle(element('made-from-source'), source.seen);
    const lookSeen = look.seen ?? look.preview;
    if (lookSeen) showMiddle(element('made-from-look'), lookSeen);
    else wipe(element('made-from-look'));
    const mix = names.second ? `, mixed with ${names.share}% of ${names.second}` : '';
    const text = `${names.source} in the look ${names.look}${mix}`;
    element('translated').setAttribute('aria-label', text);
    element('result-caption').textContent = text;
    element('times').textContent = times;
    for (const id of CONTROLS) element(id).disabled = false;
    if (!whole) {
      this.#whole ??= awaited();
      return;
    }
    this.#finish();
    element('pixels').textContent = sizes(source.seen, { width, height });
    announce(`Ready: ${text}.`);
    element('compare').dataset.drawn = String(++this.#count); // for tests
  }

  /** Shows a frame of the camera, which has no original. */
  showFrame(bitmap, mirrored) {
    element('compare').classList.toggle('mirrored', mirrored);
    put(bitmap);
  }

  /** Prepares for frames of the camera, or ends them. */
  live(on) {
    element('compare').classList.toggle('live', on);
    element('compare').classList.remove('mirrored');
    for (const id of CONTROLS) element(id).disabled = on || !this.#drawn;
    if (!on) return;
    this.#drawn = null;
    this.#finish();
    element('translated').setAttribute('aria-label', 'The camera, redrawn');
    element('result-caption').textContent = 'Live: the camera in the chosen look';
    element('pixels').textContent = '';
  }

  /** Shows that there is nothing, and what to do. */
  clear(text) {
    this.#drawn = null;
    this.#finish();
    this.#showOriginal(null);
    element('translated').getContext('bitmaprenderer').transferFromImageBitmap(null);
    for (const id of ['made-from-source', 'made-from-look']) wipe(element(id));
    element('translated').setAttribute('aria-label', text);
    element('result-caption').textContent = text;
    for (const id of ['times', 'pixels']) element(id).textContent = '';
    for (const id of CONTROLS) element(id).disabled = true;
  }

  /** Marks the shown result as being replaced. */
  busy(on) {
    element('compare').setAttribute('aria-busy', String(on));
  }

  #finish() {
    this.#whole?.resolve();
    this.#whole = null;
  }

  #showOriginal(source) {
    if (this.#source?.blob === source?.blob) return;
    const original = element('original');
    URL.revokeObjectURL(original.src);
    if (source) original.src = URL.createObjectURL(source.blob);
    else original.removeAttribute('src');
    this.#source = source;
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

  /** The result in its own size as a file, once it is drawn; as PNG, or in the format of its photograph. */
  async #file(format = undefined) {
    await this.#whole?.promise;
    if (!this.#drawn) throw new DOMException('The result is no longer shown.', 'AbortError');
    const { names, blob } = this.#drawn;
    return file(element('translated'), nameOf(names), format ?? formatFor(blob));
  }

  async #take(act, verb) {
    try {
      await act();
    } catch (error) {
      if (error.name !== 'AbortError') fail(`The result could not be ${verb}: ${error.message}`);
    }
  }

  /** Buttons for what the browser can do with a file besides saving it. */
  #offerSharing() {
    const probe = new File([], 'picture.png', { type: 'image/png' });
    element('share-result').hidden = !navigator.canShare?.({ files: [probe] });
    element('copy').hidden = !(globalThis.ClipboardItem && navigator.clipboard?.write);
    element('share-result').addEventListener('click', () =>
      this.#take(async () => navigator.share({ files: [await this.#file()] }), 'shared'),
    );
    element('copy').addEventListener('click', () =>
      this.#take(async () => {
        const png = { type: 'image/png', ending: 'png' }; // the only format of clipboards
        await navigator.clipboard.write([new ClipboardItem({ 'image/png': this.#file(png) })]);
        note('The picture is in the clipboard.');
      }, 'copied'),
    );
  }
}

/** Shows a bitmap, which is used up, in its own aspect ratio. */
function put(bitmap) {
  const canvas = element('translated');
  const { width, height } = bitmap;
  if (canvas.dataset.size !== `${width} ${height}`) {
    canvas.dataset.size = `${width} ${height}`;
    [canvas.width, canvas.height] = [width, height];
    element('compare').style.setProperty('--ratio', width / height);
    for (const id of ['translated', 'original']) {
      element(id).classList.toggle('small', Math.max(width, height) < LEGIBLE);
    }
  }
  canvas.getContext('bitmaprenderer').transferFromImageBitmap(bitmap);
}

/** A promise beside the function that resolves it. */
function awaited() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

/** What the visitor should know about the size of a result. */
function sizes(photograph, { width, height }) {
  const given = `${photograph.width} × ${photograph.height}`;
  if (width === photograph.width) return `${given} pixels, like the picture.`;
  return `${width} × ${height} pixels, the most on this device; the picture has ${given}.`;
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
