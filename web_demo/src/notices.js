// What the page says: a status line, a list of problems that stay until dismissed, and announcements
// for screen readers.

const element = (id) => document.getElementById(id);
const UNITS = 1e6;
const PASSING = 8000; // ms that a note is shown
const PASSING_WITH_BUTTON = 30_000;

let lasting = ''; // what the status line says when no note is shown
let timer;

/** Shows what is going on, and reads it to users of screen readers. */
export function say(text) {
  lasting = text;
  busy(text);
}

/**
 * Shows what has happened for some seconds, then again what is going on.
 *
 * @param {string} text One sentence.
 * @param {{label: string, act: () => void} | null} offer A button that is shown beside it.
 */
export function note(text, offer = null) {
  showStatus(text, offer);
  announce(text);
  timer = setTimeout(settle, offer ? PASSING_WITH_BUTTON : PASSING);
}

/** Shows what is being done until `settle` is called. */
export function busy(text) {
  showStatus(text);
  announce(text);
}

/** Ends a note. */
export function settle() {
  showStatus(lasting);
}

function showStatus(text, offer = null) {
  clearTimeout(timer);
  element('message').textContent = text;
  element('offer').replaceChildren();
  if (offer) {
    element('offer').append(button(offer.label, () => {
      settle();
      offer.act();
    }));
  }
}

/** Shows how much of the model has arrived; null hides the bar. */
export function showProgress(progress) {
  const bar = element('progress');
  bar.hidden = progress === null;
  if (!progress) return;
  const { received, total } = progress;
  bar.value = received / total;
  const megabytes = (bytes) => (bytes / UNITS).toFixed(1);
  // Not announced: it changes many times a second.
  element('message').textContent = `Loading the model: ${megabytes(received)} of ${megabytes(total)} MB`;
}

/** Reads a sentence to users of screen readers. */
export function announce(text) {
  element('announcer').textContent = text;
}

/**
 * Adds a problem to the list, where it stays until it is dismissed.
 *
 * @param {string} text One sentence or two.
 * @param {{label: string, act: () => void} | null} cure A button that may help.
 */
export function fail(text, cure = null) {
  const list = element('problems');
  const known = [...list.children].find((item) => item.dataset.text === text);
  if (known) known.remove(); // the same problem again: the newest comes last
  const item = document.createElement('li');
  item.dataset.text = text;
  const sentence = document.createElement('span');
  sentence.textContent = text;
  item.append(sentence);
  if (cure) {
    item.append(button(cure.label, () => {
      dismiss(item);
      cure.act();
    }));
  }
  const close = button('Dismiss', () => dismiss(item));
  close.setAttribute('aria-label', `Dismiss: ${text}`);
  item.append(close);
  list.append(item);
  list.hidden = false;
}

function dismiss(item) {
  const list = item.parentElement;
  item.remove();
  list.hidden = !list.children.length;
  element('message').focus?.();
}

function button(label, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = label;
  made.addEventListener('click', act);
  return made;
}
