// Bytes of pictures to the numbers that the model takes, and back; and the model's squares on canvases.

export const LEGIBLE = 96; // pixels; smaller pictures are shown enlarged, with hard edges

/** RGB bytes to float32 in [low, high]. */
export function toFloats(bytes, [low, high]) {
  const scale = (high - low) / 255;
  const floats = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) floats[i] = bytes[i] * scale + low;
  return floats;
}

/** Float32 in [low, high] to bytes, rounded and clipped (Uint8ClampedArray does both). */
export function toBytes(floats, [low, high]) {
  const scale = 255 / (high - low);
  const bytes = new Uint8ClampedArray(floats.length);
  for (let i = 0; i < floats.length; i++) bytes[i] = (floats[i] - low) * scale;
  return bytes;
}

/** RGB bytes to opaque RGBA. */
export function withAlpha(rgb) {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let from = 0, to = 0; from < rgb.length; to += 4) {
    rgba[to] = rgb[from++];
    rgba[to + 1] = rgb[from++];
    rgba[to + 2] = rgb[from++];
  }
  return rgba;
}

/**
 * Draws the middle of what the model has seen or drawn, without margins and in its own aspect ratio.
 *
 * @param {CanvasRenderingContext2D} context Of a canvas.
 * @param {{bytes: Uint8ClampedArray, shown: object, box: object}} seen A square as the worker returns it.
 * @param {{x: number, y: number, side: number}} place Where it goes.
 */
export function drawMiddle(context, { bytes, shown, box }, { x, y, side }) {
  const size = Math.sqrt(bytes.length / 3);
  const square = new OffscreenCanvas(size, size);
  square.getContext('2d').putImageData(new ImageData(withAlpha(bytes), size, size), 0, 0);
  const shorter = Math.min(box.width, box.height);
  const [w, h] = [(shown.width * shorter) / box.width, (shown.height * shorter) / box.height];
  const [left, top] = [shown.x + (shown.width - w) / 2, shown.y + (shown.height - h) / 2];
  context.drawImage(square, left, top, w, h, x, y, side, side);
}

/** Shows the middle of a square on a canvas of its own. */
export function showMiddle(canvas, seen) {
  const size = Math.sqrt(seen.bytes.length / 3);
  canvas.width = canvas.height = size;
  canvas.classList.toggle('small', size < LEGIBLE);
  drawMiddle(canvas.getContext('2d'), seen, { x: 0, y: 0, side: size });
}
