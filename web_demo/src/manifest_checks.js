// What a manifest must have, in the order and the words of export/manifest.py. `tests/manifests` has
// good and bad ones that both are tested with.

const KIND = 'tflite';
const MAJOR = 1; // of schema_version; a newer minor version only adds fields
const SHA256 = /^[0-9a-f]{64}$/;
const PLAIN_NAME = /^[\w-][\w.-]*$/; // a file beside the manifest
const AGAIN = 'export the model again.';
const ROLES = ['encoder', 'generator'];

/** Something is wrong with the model's files; the message says what, and what to do. */
export class ModelError extends Error {
  name = 'ModelError';
}

/** Throws a ModelError that says what is wrong with a manifest, if anything is. */
export function check(manifest) {
  if (!isObject(manifest) || manifest.kind !== KIND) {
    throw new ModelError('The manifest is not of kind "tflite"; name a folder of export.tflite.');
  }
  checkVersion(manifest);
  for (const [name, [rule, holds]] of Object.entries(NEEDED)) {
    if (!(name in manifest)) throw new ModelError(`The manifest lacks ${name}; ${AGAIN}`);
    if (!holds(manifest[name])) throw new ModelError(`The manifest's ${name} must be ${rule}; ${AGAIN}`);
  }
  for (const [name, [rule, holds]] of Object.entries(OPTIONAL)) {
    if (name in manifest && !holds(manifest[name])) {
      throw new ModelError(`The manifest's ${name} must be ${rule}; ${AGAIN}`);
    }
  }
  checkVariants(manifest);
  checkDomains(manifest);
}

function checkVersion({ schema_version: version, format }) {
  const found = version ?? `${format}.0`; // manifests from before schema_version have a format
  const [, major] = /^(\d+)\.\d+$/.exec(found) ?? [];
  if (major === undefined) {
    throw new ModelError(
      `The manifest's schema_version ${JSON.stringify(found)} is not like ${MAJOR}.1; ${AGAIN}`,
    );
  }
  if (Number(major) !== MAJOR) {
    throw new ModelError(
      `The manifest has schema_version ${found} and this program reads ${MAJOR}.x; use a version of ` +
        'the program that fits.',
    );
  }
}

function checkVariants({ variants, files, recommended }) {
  for (const [name, entry] of Object.entries(variants)) {
    if (typeof entry?.shipped !== 'boolean') {
      throw new ModelError(`The manifest's variant ${name} lacks shipped; ${AGAIN}`);
    }
    for (const role of entry.shipped ? ROLES : []) {
      const file = entry[role];
      if (!isText(file)) throw new ModelError(`The manifest's variant ${name} lacks ${role}; ${AGAIN}`);
      if (!PLAIN_NAME.test(file)) {
        throw new ModelError(`The manifest names the file ${file}, which is not beside it.`);
      }
      if (!(file in files)) throw new ModelError(`The manifest's files lack ${file}; ${AGAIN}`);
    }
  }
  if (!Object.values(variants).some(({ shipped }) => shipped)) {
    throw new ModelError(`The manifest has no variant that is shipped; ${AGAIN}`);
  }
  for (const [lane, name] of Object.entries(recommended)) {
    if (name && !variants[name]?.shipped) {
      throw new ModelError(`The manifest recommends ${name} for ${lane}, which is not shipped.`);
    }
  }
}

/** Domains, where they are known, are as many and as long as the sizes say. */
function checkDomains({ domains, num_domains: count, style_dim: length }) {
  if (domains === undefined || domains === null) return;
  if (!Array.isArray(domains) || domains.length !== count) {
    throw new ModelError(`The manifest's domains must be a list of ${count}; ${AGAIN}`);
  }
  const isStyle = (style) => style === undefined || style === null || isListOf(length, style);
  domains.forEach((domain, number) => {
    if (!isObject(domain) || !isStyle(domain.average_style) || !isStyle(domain.style_deviation)) {
      throw new ModelError(
        `The manifest's domain ${number} must have an average_style of ${length} numbers; ${AGAIN}`,
      );
    }
  });
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
const isTextOrNull = (value) => value === null || isText(value);
const isNumber = (value) => typeof value === 'number' && Math.abs(value) < 1e30;
const isSize = (value) => Number.isInteger(value) && value > 0 && value <= 2 ** 20;
const isListOf = (length, value) => Array.isArray(value) && value.length === length && value.every(isNumber);

const isFileList = (value) =>
  isObject(value) &&
  Object.values(value).every(
    (entry) => isNumber(entry?.bytes) && isText(entry.sha256) && SHA256.test(entry.sha256),
  );

const areExamples = (value) =>
  Array.isArray(value) &&
  value.every((entry) => isText(entry?.role) && isText(entry.file) && PLAIN_NAME.test(entry.file));

const areSignatures = (value) =>
  isObject(value) && ['encode', 'generate'].every((name) => isObject(value[name]?.inputs));

// {field: [what it must be, whether a value is]}
const NEEDED = {
  image_size: ['a positive integer', isSize],
  num_domains: ['a positive integer', isSize],
  style_dim: ['a positive integer', isSize],
  value_range: ['two numbers, the smaller first', (value) => isListOf(2, value) && value[0] < value[1]],
  signatures: ['an object with encode and generate', areSignatures],
  files: ['an object with bytes and sha256 of each file', isFileList],
  variants: ['an object', isObject],
  recommended: ['an object', isObject],
};

const OPTIONAL = {
  title: ['text', isText],
  description: ['text', isText],
  licence: ['text or null', isTextOrNull],
  origin: ['text or null', isTextOrNull],
  style_on_unit_sphere: ['true or false', (value) => typeof value === 'boolean'],
  step: ['a number', isNumber],
  config: ['an object', isObject],
  examples: ['a list of objects with file and role', areExamples],
};
