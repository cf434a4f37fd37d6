// Arithmetic of a square that is moved and resized inside of a picture. Units are the picture's pixels.

import { inside } from './resample.js';

export const SMALLEST = 0.1; // of the shorter side

/** A square where it lies, for the picture {width, height}. */
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
