// What the exported pair says about itself; the only source of sizes, ranges and names.

/** Something is wrong with the model's files; the message says what, and what to do. */
export class ModelError extends Error {
  name = 'ModelError';
}

const FORMAT = 1; // manifests before schema_version
const MAJOR = 1; // of schema_version; a newer minor version only adds fields
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
    throw new ModelError(`${url} is not a manifest: it is not JSON.`);
  }
  return checked(manifest, url);
}

/** The manifest, or a ModelError that says what is wrong with it. */
export function checked(manifest, url) {
  if (manifest?.kind !== 'tflite') {
    throw new ModelError(`${url} is not the manifest of a pair that export.tflite wrote.`);
  }
  checkVersion(manifest, url);
  const incomplete = missingField(manifest);
  if (incomplete) {
    throw new ModelError(`${url} has no usable "${incomplete}": export the model again.`);
  }
  if (!variants(manifest).length) {
    throw new ModelError(`${url} lists no variant with files: export the model again.`);
  }
  for (const variant of variants(manifest)) {
    for (const role of ROLES) checkFile(manifest, variant, role, url);
  }
  return manifest;
}

function checkVersion({ format, schema_version: version }, url) {
  if (version !== undefined) {
    const [, major] = /^(\d+)\.\d+$/.exec(version) ?? [];
    if (Number(major) !== MAJOR) {
      throw new ModelError(
        `${url} has schema version ${version}, this page reads ${MAJOR}.x: use a newer page.`,
      );
    }
  } else if (format !== FORMAT) {
    throw new ModelError(`${url} has format ${format}, this page reads ${FORMAT}: use a newer page.`);
  }
}

/** The first field that the page cannot do without, or undefined. */
function missingField(manifest) {
  const { image_size: size, value_range: range, signatures, files } = manifest;
  if (!(Number.isInteger(size) && size > 0)) return 'image_size';
  if (!(Array.isArray(range) && range.length === 2 && range[0] < range[1])) return 'value_range';
  if (!isObject(signatures?.encode?.inputs) || !isObject(signatures?.generate?.inputs)) {
    return 'signatures';
  }
  if (!isObject(manifest.variants)) return 'variants';
  if (!isObject(files)) return 'files';
  return undefined;
}

function checkFile(manifest, variant, role, url) {
  const { name, bytes, sha256 } = file(manifest, variant, role);
  if (typeof name !== 'string' || !/^[\w.-]+$/.test(name)) {
    throw new ModelError(`${url} names no ${role} file for ${variant}: export the model again.`);
  }
  if (!(Number.isInteger(bytes) && bytes > 0) || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new ModelError(`${url} has no size and checksum for ${name}: export the model again.`);
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names of the variants whose files are shipped. */
export function variants(manifest) {
  return Object.keys(manifest.variants).filter((name) => manifest.variants[name]?.shipped);
}

/** The variant that is best for processors, or the first where the manifest recommends none. */
export function recommended(manifest) {
  const shipped = variants(manifest);
  const named = manifest.recommended?.cpu;
  return shipped.includes(named) ? named : shipped[0];
}

/** File name, size in bytes and checksum of a variant's encoder or generator. */
export function file(manifest, variant, role) {
  const name = manifest.variants[variant][role];
  return { name, ...manifest.files[name] };
}

/** Files of a variant: encoder, then generator. */
export function pair(manifest, variant) {
  return ROLES.map((role) => file(manifest, variant, role));
}

/** Average styles of the groups (pseudo-domains) that have images: [{domain, style}]. */
export function averageStyles(manifest) {
  return (manifest.domains ?? [])
    .map((entry, domain) => ({ domain, style: entry?.average_style }))
    .filter(({ style }) => style)
    .map((known) => ({ ...known, style: Float32Array.from(known.style) }));
}

/** Example pictures beside the manifest: {sources, references} of file names, or null. */
export function examples(manifest) {
  const { sources, references } = manifest.examples ?? {};
  const usable = (names) => Array.isArray(names) && names.every((name) => typeof name === 'string');
  return usable(sources) && usable(references) ? { sources, references } : null;
}
