// Results as files: their names, their formats, and how they get out of the page.

const JPEG = { type: 'image/jpeg', ending: 'jpg' };
const PNG = { type: 'image/png', ending: 'png' };
const QUALITY = 0.95;

/** A picture's name without its ending, as people say it. */
export function spoken(name) {
  return name.replace(/\.[a-z0-9]{1,5}$/i, '');
}

/** A picture's name without folder and extension, in letters that every system takes. */
export function stem(name) {
  const cleaned = name
    .replace(/^.*[/\\]/, '')
    .replace(/\.[a-z0-9]{1,5}$/i, '')
    .normalize('NFKC')
    .replace(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return cleaned || 'picture';
}

/**
 * What a result is saved as, without its ending.
 *
 * @param {{source: string, look: string, second?: string, share?: number}} drawn Names of what it was made from;
 *   share is the percentage of the second look.
 */
export function nameOf({ source, look, second, share }) {
  const mix = second ? `-and-${share}-percent-${stem(second)}` : '';
  return `${stem(source)}-in-look-${stem(look)}${mix}`;
}

/** What a grid is saved as, without its ending. */
export function nameOfGrid(pictures, looks) {
  return `${pictures}-pictures-in-${looks}-looks`;
}

/** The format of a result: JPEG for photographs that are JPEG files, as in Python. */
export function formatFor(blob) {
  return blob?.type === JPEG.type ? JPEG : PNG;
}

/** A canvas as a file. */
export async function file(canvas, name, { type, ending } = PNG) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, QUALITY));
  if (!blob) throw new Error('This browser has not enough memory for a picture of this size.');
  return new File([blob], `${name}.${ending}`, { type });
}

/** Saves a file on the visitor's device. */
export function save(content) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = content.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
