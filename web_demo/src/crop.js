// The dialog in which a square is cut out of a picture: pointer, touch, keyboard.

import { centred, inside } from './resample.js';

const SMALLEST = 0.1; // of the shorter side
const STEP = 0.02; // of the shorter side, for a key

const element = (id) => document.getElementById(id);

/**
 * Asks for a square.
 *
 * @param {string} url Of the picture.
 * @param {{x: number, y: number, side: number} | null} box The square so far, in pixels.
 * @returns {Promise<object | null>} The new square, or null if nothing is to change.
 */
export async function ask(url, box) {
  const dialog = element('crop');
  const picture = element('crop-picture');
  picture.src = url;
  await picture.decode();
  const { naturalWidth: width, naturalHeight: height } = picture;
  const shorter = Math.min(width, height);
  let square = box ?? centred(width, height);

  const draw = () => {
    square = inside(square, width, height, SMALLEST * shorter);
    const zoom = picture.clientWidth / width;
    const style = element('crop-box').style;
    style.left = `${square.x * zoom}px`;
    style.top = `${square.y * zoom}px`;
    style.width = style.height = `${square.side * zoom}px`;
    element('crop-size').value = Math.round((100 * square.side) / shorter);
  };
  const resize = (side) => {
    const limited = Math.min(Math.max(side, SMALLEST * shorter), shorter);
    const moved = (square.side - limited) / 2; // around the middle
    square = { x: square.x + moved, y: square.y + moved, side: limited };
    draw();
  };
  const move = (x, y) => {
    square = { ...square, x: square.x + x, y: square.y + y };
    draw();
  };

  const controller = new AbortController();
  const on = (target, name, react) =>
    target.addEventListener(name, react, { signal: controller.signal });
  on(element('crop-box'), 'pointerdown', (event) => event.target.setPointerCapture(event.pointerId));
  on(element('crop-box'), 'pointermove', (event) => {
    if (!event.target.hasPointerCapture(event.pointerId)) return;
    const zoom = width / picture.clientWidth;
    move(event.movementX * zoom, event.movementY * zoom);
  });
  on(element('crop-box'), 'keydown', (event) => {
    const step = STEP * shorter;
    const reactions = {
      ArrowLeft: () => move(-step, 0),
      ArrowRight: () => move(step, 0),
      ArrowUp: () => move(0, -step),
      ArrowDown: () => move(0, step),
      '+': () => resize(square.side + 2 * step),
      '-': () => resize(square.side - 2 * step),
    };
    if (!(event.key in reactions)) return;
    event.preventDefault();
    reactions[event.key]();
  });
  on(element('crop-size'), 'input', ({ target }) => resize((Number(target.value) / 100) * shorter));
  on(window, 'resize', draw);

  dialog.showModal();
  draw();
  element('crop-box').focus();
  const used = await new Promise((resolve) => {
    on(element('crop-done'), 'click', () => resolve(true));
    on(element('crop-cancel'), 'click', () => resolve(false));
    on(dialog, 'cancel', () => resolve(false)); // Escape
  });
  controller.abort();
  dialog.close();
  return used ? square : null;
}
