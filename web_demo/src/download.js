// Large files: from the browser's store or the network, and used only if size and checksum match.
// Only files with the right checksum are stored, so that a damaged one cannot stay.

import { ModelError, Unreachable } from './manifest.js';

const STORE = 'verified-files';

/**
 * The bytes of a file.
 *
 * A stored file is checked as well; one that is damaged is deleted and fetched again. A file from the
 * network that is damaged is fetched again, past the browser's HTTP cache.
 *
 * @param {URL} url Where it is; the checksum is added, so that versions do not mix.
 * @param {{name: string, bytes: number, sha256: string}} expected Size and checksum.
 * @param {(received: number) => void} progress Receives the number of bytes so far.
 * @param {{get: typeof fetch, caches: CacheStorage}} browser What the browser offers.
 * @returns {Promise<{content: Uint8Array, kept: boolean}>} kept: stored for the next visit.
 */
export async function download(url, expected, progress = () => {}, browser = {}) {
  const { get = fetch, caches = globalThis.caches } = browser;
  const address = new URL(url);
  address.searchParams.set('sha256', expected.sha256.slice(0, 16));
  const store = await caches?.open(STORE).catch(() => undefined);
  const stored = await fromStore(store, address, expected, progress);
  if (stored) return { content: stored, kept: true };
  for (const options of [{}, { cache: 'reload' }]) {
    const content = await fetched(address, expected, progress, (url) => get(url, options));
    if (content) return { content, kept: await keep(store, address, content) };
  }
  throw new ModelError(
    `${expected.name} is damaged or from another export: its checksum is not the one in ` +
      'manifest.json. Try again later, or export the model again.',
  );
}

async function fromStore(store, address, expected, progress) {
  const response = await store?.match(address).catch(() => undefined);
  if (!response) return undefined;
  const content = await read(response, expected, progress).catch(() => undefined);
  if (!content) await store.delete(address);
  return content;
}

/** The verified content, or undefined if size or checksum differ. */
async function fetched(address, expected, progress, get) {
  let response;
  try {
    response = await get(address);
  } catch {
    throw unreachable(expected);
  }
  if (!response.ok) {
    throw new ModelError(
      response.status === 404
        ? `${expected.name} is missing on the server: export the model again.`
        : `The server does not send ${expected.name} (status ${response.status}): try again later.`,
    );
  }
  try {
    return await read(response, expected, progress);
  } catch {
    throw unreachable(expected);
  }
}

/** The bytes of a response if size and checksum are right. */
async function read(response, expected, progress) {
  const content = new Uint8Array(expected.bytes);
  let received = 0;
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (received + next.value.length > content.length) {
      await reader.cancel();
      return undefined;
    }
    content.set(next.value, received);
    received += next.value.length;
    progress(received);
  }
  if (received !== expected.bytes) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return hex(digest) === expected.sha256 ? content : undefined;
}

/** Stores a verified file in the place of its other versions; false if the storage is full. */
async function keep(store, address, content) {
  if (!store) return false;
  try {
    await store.delete(address, { ignoreSearch: true });
    await store.put(address, new Response(content));
    return true;
  } catch {
    return false; // the browser's storage is full or closed to this page
  }
}

/** Bytes as hexadecimal digits. */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function unreachable(expected) {
  return new Unreachable(`${expected.name} cannot be reached: check the connection and try again.`);
}
