// Cropping a square: the dialog with pointer, two fingers, wheel and keyboard, and the square's arithmetic.

import { closeOnBack } from './back.js';
import { centered, inside } from './resample.js';

export const SMALLEST = 0.1; // of the shorter side

const STEP = 0.02; // of the shorter side, how far a key moves the square
const WHEEL = 0.001; // change of the size per pixel of the wheel
const LEGIBLE = 300; // pixels on the screen to which small pictures are enlarged
const SHORTEST = 160; // pixels on the screen of the shorter side; what is longer than the dialog scrolls
const HIGHEST = 0.55; // of the window, for the picture

const element = (id) => document.getElementById(id);

/**
 * Asks for a square.
 *
 * @param {string} url Address of the picture.
 * @param {{x: number, y: number, side: number} | null} box The square so far, in pixels.
 * @returns {Promise<object | null>} The new square, {} for the whole picture, or null if nothing is to change.
 */
export async function ask(url, box) {
  const dialog = element('crop');
  const shown = element('crop-picture');
  shown.src = url;
  await shown.decode();
  const picture = { width: shown.naturalWidth, height: shown.naturalHeight };
  const state = { picture, square: limited(box ?? centered(picture.width, picture.height), picture) };
  const controller = new AbortController();
  const on = (target, name, react) =>
    target.addEventListener(name, react, { signal: controller.signal, passive: false });
  const set = (square) => {
    state.square = square;
    draw(state);
  };
  listenToPointers(state, on, set);
  listenToKeys(state, on, set);
  on(element('crop-stage'), 'wheel', (event) => {
    event.preventDefault();
    const at = position(event, state);
    set(scaled(state.square, 1 + WHEEL * event.deltaY, picture, at));
  });
  on(element('crop-size'), 'input', ({ target }) => {
    const side = (Number(target.value) / 100) * Math.min(picture.width, picture.height);
    set(scaled(state.square, side / state.square.side, picture));
  });
  on(window, 'resize', () => {
    fit(picture);
    draw(state);
  });
  dialog.showModal();
  closeOnBack(dialog);
  fit(picture);
  draw(state);
  element('crop-box').focus();
  const used = await answer(dialog, on);
  controller.abort();
  dialog.close();
  if (used === 'whole') return {};
  return used ? state.square : null;
}

/** Shows the whole picture if its shorter side stays long enough; small pictures are enlarged. */
function fit({ width, height }) {
  const room = element('crop-frame').clientWidth - 2 * framePadding();
  const whole = Math.min(room / width, (HIGHEST * window.innerHeight) / height);
  const enlarged = Math.max(1, LEGIBLE / Math.max(width, height));
  const zoom = Math.max(Math.min(whole, enlarged), SHORTEST / Math.min(width, height));
  const shown = element('crop-picture');
  shown.style.width = `${width * zoom}px`;
  shown.style.height = `${height * zoom}px`;
  shown.classList.toggle('small', zoom > 1);
}

function draw({ square, picture }) {
  const zoom = element('crop-picture').clientWidth / picture.width;
  const style = element('crop-stage').style;
  style.setProperty('--x', `${square.x * zoom}px`);
  style.setProperty('--y', `${square.y * zoom}px`);
  style.setProperty('--side', `${square.side * zoom}px`);
  const frame = element('crop-frame');
  const into = (scrolled, room, start) =>
    Math.min(Math.max(scrolled, (start + square.side) * zoom + 2 * framePadding() - room), start * zoom);
  frame.scrollLeft = into(frame.scrollLeft, frame.clientWidth, square.x);
  frame.scrollTop = into(frame.scrollTop, frame.clientHeight, square.y);
  const percent = Math.round((100 * square.side) / Math.min(picture.width, picture.height));
  element('crop-size').value = percent;
  element('crop-size-shown').value = `${percent}%`;
}

/** Room around the picture for the corners, pixels. */
function framePadding() {
  return parseFloat(getComputedStyle(element('crop-frame')).paddingLeft);
}

/** Where a pointer is, in pixels of the picture. */
function position({ clientX, clientY }, { picture }) {
  const { left, top, width } = element('crop-picture').getBoundingClientRect();
  const zoom = picture.width / width;
  return { x: (clientX - left) * zoom, y: (clientY - top) * zoom };
}

/** Drags the square or a corner with one pointer, pinches with two. */
function listenToPointers(state, on, set) {
  const pointers = new Map(); // where each is now
  let began; // {square, points, corner} when the number of pointers last changed
  const begin = (corner) => {
    began = { square: state.square, points: [...pointers.values()], corner };
  };
  const stage = element('crop-stage');
  on(stage, 'pointerdown', (event) => {
    if (pointers.size === 2) return;
    event.preventDefault();
    element('crop-box').focus();
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, position(event, state));
    begin(event.target.dataset.corner);
  });
  on(stage, 'pointermove', (event) => {
    if (!pointers.has(event.pointerId)) return;
    pointers.set(event.pointerId, position(event, state));
    const now = [...pointers.values()];
    const { square, points, corner } = began;
    if (now.length === 2) {
      set(pinched(square, points, now, state.picture));
      return;
    }
    const [dx, dy] = [now[0].x - points[0].x, now[0].y - points[0].y];
    set(corner ? byCorner(square, corner, dx, dy, state.picture) : moved(square, dx, dy, state.picture));
  });
  for (const name of ['pointerup', 'pointercancel']) {
    on(stage, name, (event) => {
      if (pointers.delete(event.pointerId) && pointers.size) begin();
    });
  }
}

function listenToKeys(state, on, set) {
  on(element('crop-box'), 'keydown', (event) => {
    const step = STEP * Math.min(state.picture.width, state.picture.height);
    const move = (x, y) => moved(state.square, x * step, y * step, state.picture);
    const resize = (steps) =>
      scaled(state.square, (state.square.side + steps * step) / state.square.side, state.picture);
    const reactions = {
      ArrowLeft: () => move(-1, 0),
      ArrowRight: () => move(1, 0),
      ArrowUp: () => move(0, -1),
      ArrowDown: () => move(0, 1),
      '+': () => resize(2),
      '-': () => resize(-2),
    };
    if (!(event.key in reactions)) return;
    event.preventDefault();
    set(reactions[event.key]());
  });
}

/** Whether the square is to be used; 'whole' for the picture without a crop. */
function answer(dialog, on) {
  return new Promise((resolve) => {
    on(element('crop-done'), 'click', () => resolve(true));
    on(element('crop-whole'), 'click', () => resolve('whole'));
    on(element('crop-cancel'), 'click', () => resolve(false));
    on(dialog, 'close', () => resolve(false)); // Escape, or back
    on(dialog, 'keydown', (event) => {
      if (event.key !== 'Enter' || event.target.tagName === 'BUTTON') return;
      event.preventDefault();
      resolve(true);
    });
  });
}

// The square, in the picture's pixels.

/** The nearest square that lies within the picture {width, height}. */
export function limited(box, { width, height }) {
  return inside(box, width, height, SMALLEST * Math.min(width, height));
}

/** Moved from where a drag began, so that it follows a pointer that leaves the picture and returns. */
export function moved(start, dx, dy, picture) {
  return limited({ ...start, x: start.x + dx, y: start.y + dy }, picture);
}

/**
 * Resized by a corner, while the opposite corner stays.
 *
 * @param {{x: number, y: number, side: number}} start When the drag began.
 * @param {string} corner 'nw', 'ne', 'sw' or 'se'.
 * @param {number} dx How far the pointer has moved since.
 * @param {number} dy The same, downwards.
 * @param {{width: number, height: number}} picture Limits.
 */
export function byCorner(start, corner, dx, dy, { width, height }) {
  const east = corner.includes('e');
  const south = corner.includes('s');
  const growth = ((east ? dx : -dx) + (south ? dy : -dy)) / 2;
  const fixed = { x: east ? start.x : start.x + start.side, y: south ? start.y : start.y + start.side };
  const room = Math.min(east ? width - fixed.x : fixed.x, south ? height - fixed.y : fixed.y);
  const smallest = SMALLEST * Math.min(width, height);
  const side = Math.min(Math.max(start.side + growth, smallest), room);
  return { x: east ? fixed.x : fixed.x - side, y: south ? fixed.y : fixed.y - side, side };
}

/**
 * Resized around a point, which stays where it is within the square.
 *
 * @param {{x: number, y: number, side: number}} start The square before.
 * @param {number} factor Above 1 makes it larger.
 * @param {{width: number, height: number}} picture Limits.
 * @param {{x: number, y: number}} point The middle by default.
 */
export function scaled(start, factor, picture, point = middle(start)) {
  const shorter = Math.min(picture.width, picture.height);
  const side = Math.min(Math.max(start.side * factor, SMALLEST * shorter), shorter);
  const ratio = side / start.side;
  return limited(
    { x: point.x - (point.x - start.x) * ratio, y: point.y - (point.y - start.y) * ratio, side },
    picture,
  );
}

/** Moved and resized by two fingers: from their positions when the pinch began to those now. */
export function pinched(start, [a, b], [c, d], picture) {
  const distance = (p, q) => Math.max(Math.hypot(p.x - q.x, p.y - q.y), 1e-6);
  const between = (p, q) => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 });
  const [from, to] = [between(a, b), between(c, d)];
  const sized = scaled(start, distance(c, d) / distance(a, b), picture, from);
  return moved(sized, to.x - from.x, to.y - from.y, picture);
}

function middle({ x, y, side }) {
  return { x: x + side / 2, y: y + side / 2 };
}
