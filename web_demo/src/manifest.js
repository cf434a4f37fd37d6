// What the exported pair says about itself; the only source of sizes, ranges and names.

import { check, ModelError } from './manifest_checks.js';

const ROLES = ['encoder', 'generator'];

/**
 * Reads and checks a manifest.
 *
 * @param {URL} url Address of manifest.json.
 * @param {typeof fetch} get How it is fetched.
 * @returns {Promise<object>} The manifest, as export.tflite wrote it.
 */
export async function load(url, get = fetch) {
  let response;
  try {
    response = await get(url);
  } catch {
    throw new ModelError(
      `The model cannot be reached: ${url} does not answer. Check the connection and try again.`,
    );
  }
  if (!response.ok) {
    throw new ModelError(
      `There is no model: ${url} is missing. Export one with python -m export.tflite.`,
    );
  }
  let manifest;
  try {
    manifest = await response.json();
  } catch {
    throw new ModelError('The manifest is not JSON; copy or export the folder again.');
  }
  check(manifest);
  return manifest;
}

/** Names of the variants whose files are shipped. */
export function variants(manifest) {
  return Object.keys(manifest.variants).filter((name) => manifest.variants[name].shipped);
}

/** The variant that is best for processors, or the first where the manifest recommends none. */
export function recommended(manifest) {
  return manifest.recommended.cpu || variants(manifest)[0];
}

/** Files of a variant, encoder, then generator: [{name, bytes, sha256}]. */
export function pair(manifest, variant) {
  return ROLES.map((role) => {
    const name = manifest.variants[variant][role];
    return { name, ...manifest.files[name] };
  });
}

/** Average styles of the groups (pseudo-domains) that have images: [{domain, style}]. */
export function averageStyles(manifest) {
  return (manifest.domains ?? [])
    .map(({ average_style: style }, domain) => ({ domain, style }))
    .filter(({ style }) => style)
    .map((known) => ({ ...known, style: Float32Array.from(known.style) }));
}

/** Names of the example pictures beside the manifest by role, or null if there are none. */
export function examples(manifest) {
  const named = manifest.examples ?? [];
  const files = (role) => named.filter((one) => one.role === role).map(({ file }) => file);
  return named.length ? { sources: files('picture'), references: files('look') } : null;
}
