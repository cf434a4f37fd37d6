// Arithmetic of looks: style codes mixed, weakened, exaggerated, drawn at random. As in the app's Styles.kt.

const SPREAD = 0.5; // of the deviation of the averages, where the manifest has none of its own

/** A style between two; share 0 is the first, 1 the second, and more exaggerates. */
export function mixed(first, second, share, onUnitSphere) {
  return asStyle(Float32Array.from(first, (value, i) => (1 - share) * value + share * second[i]), onUnitSphere);
}

/**
 * A random look: a group of the model, taken as often as it has images, and a draw from the Gaussian of its styles.
 *
 * @param {object[]} domains As in the manifest.
 * @param {boolean} onUnitSphere Whether the model's styles have length 1.
 * @param {() => number} random From 0 to 1, exclusive.
 * @returns {Float32Array | null} null where there are no averages.
 */
export function randomStyle(domains, onUnitSphere, random = Math.random) {
  const known = (domains ?? []).filter(({ average_style: style }) => style);
  if (!known.length) return null;
  let left = random() * known.reduce((sum, { images }) => sum + (images ?? 0), 0);
  const start = known.find(({ images }) => (left -= images ?? 0) < 0) ?? known.at(-1);
  const style = Float32Array.from(start.average_style, (value, i) => {
    const deviation = start.style_deviation?.[i] ?? SPREAD * spread(known, i);
    return value + deviation * gaussian(random);
  });
  return asStyle(style, onUnitSphere);
}

function asStyle(style, onUnitSphere) {
  if (!onUnitSphere) return style;
  const length = Math.max(Math.hypot(...style), 1e-12);
  return style.map((value) => value / length);
}

function spread(domains, i) {
  const values = domains.map(({ average_style: style }) => style[i]);
  const mean = values.reduce((a, b) => a + b) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Box and Muller. */
function gaussian(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
