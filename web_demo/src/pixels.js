// Bytes of pictures to the numbers that the model takes, and back.

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

/** RGBA bytes to RGB. */
export function withoutAlpha(rgba) {
  const rgb = new Uint8ClampedArray((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    rgb[to++] = rgba[from];
    rgb[to++] = rgba[from + 1];
    rgb[to++] = rgba[from + 2];
  }
  return rgb;
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

/** A style between two, on the unit sphere if the model's styles are; share 0 is the first. */
export function mixed(first, second, share, onUnitSphere) {
  const style = Float32Array.from(first, (value, i) => (1 - share) * value + share * second[i]);
  if (!onUnitSphere) return style;
  const length = Math.hypot(...style);
  return length > 1e-12 ? style.map((value) => value / length) : style;
}
