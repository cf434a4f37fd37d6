// What the exported pair says of itself; the only source of sizes, ranges and names.

export class ModelError extends Error {}

const FORMAT = 1;

/**
 * Reads and checks a manifest.
 *
 * @param {URL} url Of manifest.json.
 * @param {typeof fetch} get How it is fetched.
 * @returns {Promise<object>} The manifest, as export.tflite wrote it.
 */
export async function load(url, get = fetch) {
  let response;
  try {
    response = await get(url);
  } catch {
    throw new ModelError(`The model cannot be reached: ${url} does not answer.`);
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
    throw new ModelError(`${url} is not a manifest: it is not JSON.`);
  }
  return checked(manifest, url);
}

/** The manifest, or a ModelError that says what is wrong with it. */
export function checked(manifest, url) {
  if (manifest?.kind !== 'tflite') {
    throw new ModelError(`${url} is not the manifest of a pair that export.tflite wrote.`);
  }
  if (manifest.format !== FORMAT) {
    throw new ModelError(
      `${url} has format ${manifest.format}, this page knows ${FORMAT}: build the page anew.`,
    );
  }
  if (!variants(manifest).length) throw new ModelError(`${url} lists no variant that is shipped.`);
  return manifest;
}

/** Names of the variants whose files are there. */
export function variants(manifest) {
  return Object.keys(manifest.variants).filter((name) => manifest.variants[name].shipped);
}

/** File name, size and checksum of a variant's encoder or generator. */
export function file(manifest, variant, role) {
  const name = manifest.variants[variant][role];
  return { name, ...manifest.files[name] };
}

/** Average styles of the domains that have images: [{domain, style}]. */
export function averageStyles(manifest) {
  return (manifest.domains ?? [])
    .map(({ average_style: style }, domain) => ({ domain, style }))
    .filter(({ style }) => style)
    .map((known) => ({ ...known, style: Float32Array.from(known.style) }));
}
