// What the exported pair says about itself: read, checked, and the only source of sizes, ranges and names.
// docs/manifest.md has the fields; tests/manifests has good and bad ones, which every reader is tested with.

const KIND = 'tflite';
const MAJOR = 1; // of schema_version; a newer minor version only adds fields
const SHA256 = /^[0-9a-f]{64}$/;
const PLAIN_NAME = /^[\w-][\w.-]*$/; // a file beside the manifest
const ROLES = ['encoder', 'generator'];

/** Something is wrong with the model's files; the message says what, and what to do. */
export class ModelError extends Error {
  name = 'ModelError';
}

/** A file cannot be fetched now. */
export class Unreachable extends ModelError {
  name = 'Unreachable';
}

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
      response.status === 404
        ? `There is no model: ${url} is missing. Export one with python -m export.tflite.`
        : `The server does not send ${url} (status ${response.status}): try again later.`,
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

/** Example pictures beside the manifest by role: {sources: [{file, caption}], references: [...]}. */
export function examples(manifest) {
  const named = manifest.examples ?? [];
  const ofRole = (role) => named.filter((one) => one.role === role).map(({ file, caption }) => ({ file, caption }));
  return { sources: ofRole('picture'), references: ofRole('look') };
}

/** Throws a ModelError that says what is wrong with a manifest, if anything is. */
function check(manifest) {
  if (!isObject(manifest) || manifest.kind !== KIND) {
    throw new ModelError(`The manifest's kind is not "${KIND}"; give the page a folder of export.tflite.`);
  }
  checkVersion(manifest);
  for (const name of Object.keys(NEEDED)) demand(name in manifest, `The manifest lacks ${name}`);
  for (const [name, [rule, holds]] of Object.entries({ ...NEEDED, ...OPTIONAL })) {
    demand(!(name in manifest) || holds(manifest[name]), `The manifest's ${name} must be ${rule}`);
  }
  checkVariants(manifest);
  checkDomains(manifest);
}

function demand(holds, fault) {
  if (!holds) throw new ModelError(`${fault}; export the model again.`);
}

function checkVersion({ schema_version: version }) {
  const [, major] = /^(\d+)\.\d+$/.exec(version) ?? [];
  demand(major !== undefined, `The manifest's schema_version ${JSON.stringify(version)} is not like ${MAJOR}.1`);
  if (Number(major) !== MAJOR) {
    throw new ModelError(
      `The manifest has schema_version ${version} and this page reads ${MAJOR}.x; use a version of ` +
        'the page that fits.',
    );
  }
}

function checkVariants({ variants: all, files, recommended: best }) {
  for (const [name, entry] of Object.entries(all)) {
    demand(typeof entry?.shipped === 'boolean', `The manifest's variant ${name} lacks shipped`);
    for (const role of entry.shipped ? ROLES : []) {
      const file = entry[role];
      demand(isText(file), `The manifest's variant ${name} lacks ${role}`);
      demand(PLAIN_NAME.test(file), `The manifest names the file ${file}, which is not beside it`);
      demand(file in files, `The manifest's files lack ${file}`);
    }
  }
  demand(Object.values(all).some(({ shipped }) => shipped), 'The manifest has no variant that is shipped');
  for (const [lane, name] of Object.entries(best)) {
    demand(!name || all[name]?.shipped, `The manifest recommends ${name} for ${lane}, which is not shipped`);
  }
}

/** Domains, where they are known, are as many and as long as the sizes say. */
function checkDomains({ domains, num_domains: count, style_dim: length }) {
  if (domains === undefined || domains === null) return;
  demand(Array.isArray(domains) && domains.length === count, `The manifest's domains must be a list of ${count}`);
  const isStyle = (style) => style === undefined || style === null || isListOf(length, style);
  domains.forEach((domain, number) =>
    demand(
      isObject(domain) && isStyle(domain.average_style) && isStyle(domain.style_deviation),
      `The manifest's domain ${number} must have ${length} numbers as average_style and style_deviation`,
    ),
  );
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
const isTextOrNull = (value) => value === null || isText(value);
const isNumber = (value) => typeof value === 'number' && Math.abs(value) < 1e30;
const isSize = (value) => Number.isInteger(value) && value > 0 && value <= 2 ** 20;
const isListOf = (length, value) => Array.isArray(value) && value.length === length && value.every(isNumber);
const isFile = (entry) => isNumber(entry?.bytes) && isText(entry.sha256) && SHA256.test(entry.sha256);
const isExample = (entry) =>
  isText(entry?.role) && isText(entry.file) && PLAIN_NAME.test(entry.file) && isTextOrNull(entry.caption ?? null);

// {field: [what it must be, whether a value is]}
const NEEDED = {
  image_size: ['a positive integer', isSize],
  num_domains: ['a positive integer', isSize],
  style_dim: ['a positive integer', isSize],
  value_range: ['two numbers, the smaller first', (value) => isListOf(2, value) && value[0] < value[1]],
  signatures: [
    'an object with the inputs of encode and generate',
    (value) => isObject(value) && ['encode', 'generate'].every((name) => isObject(value[name]?.inputs)),
  ],
  files: [
    'an object with bytes and sha256 of each file',
    (value) => isObject(value) && Object.values(value).every(isFile),
  ],
  variants: ['an object', isObject],
  recommended: ['an object', isObject],
};

const OPTIONAL = {
  title: ['text', isText],
  description: ['text', isText],
  license: ['text or null', isTextOrNull],
  origin: ['text or null', isTextOrNull],
  style_on_unit_sphere: ['true or false', (value) => typeof value === 'boolean'],
  step: ['a number', isNumber],
  config: ['an object', isObject],
  resize: ['text', isText],
  detail: ['a number', isNumber],
  examples: ['a list of objects with file and role', (value) => Array.isArray(value) && value.every(isExample)],
};
