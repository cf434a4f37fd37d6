// Files of the model: fetched with progress, and used only if they are what the manifest says.

import { ModelError } from './manifest.js';

/**
 * The bytes of a file.
 *
 * @param {URL} url Where it is.
 * @param {{name: string, bytes: number, sha256: string}} expected As the manifest has it.
 * @param {(received: number) => void} progress Told how many bytes there are so far.
 * @param {typeof fetch} get How it is fetched.
 * @returns {Promise<Uint8Array>}
 */
export async function download(url, expected, progress = () => {}, get = fetch) {
  let response;
  try {
    response = await get(url);
  } catch {
    throw new ModelError(`${expected.name} cannot be reached.`);
  }
  if (!response.ok) {
    throw new ModelError(`${expected.name} is missing beside manifest.json: export the model again.`);
  }
  const content = new Uint8Array(expected.bytes);
  let received = 0;
  for await (const part of parts(response.body)) {
    if (received + part.length > content.length) throw wrong(expected);
    content.set(part, received);
    received += part.length;
    progress(received);
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  if (received !== expected.bytes || hex(digest) !== expected.sha256) throw wrong(expected);
  return content;
}

async function* parts(stream) {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function wrong(expected) {
  return new ModelError(
    `${expected.name} has another checksum than manifest.json says: it is damaged or of another ` +
      'export. Reload the page, or export the model again.',
  );
}
