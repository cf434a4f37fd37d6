// Names of the files that visitors save.

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
 * What a translation is saved as.
 *
 * @param {{source: string, look: string, second?: string, share?: number}} drawn Names of what it was
 *   made from; share is the percentage of the second style.
 * @param {number} pixels Side of the saved picture.
 */
export function translation({ source, look, second, share }, pixels) {
  const mixed = second ? `-and-${share}-percent-${stem(second)}` : '';
  return `${stem(source)}-in-style-of-${stem(look)}${mixed}-${pixels}px.png`;
}

/** What a grid is saved as. */
export function grid(pictures, styles) {
  return `${pictures}-pictures-in-${styles}-styles.png`;
}
