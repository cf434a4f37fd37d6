// Builds the page, puts LiteRT's runtime and the example pictures beside it, compresses what is large,
// and lists the page's files with their checksums for the service worker. `vite preview` serves the build,
// and the models of the folder MODELS under models/.

import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const [brotli, gzip] = [promisify(zlib.brotliCompress), promisify(zlib.gzip)];
const HERE = path.dirname(fileURLToPath(import.meta.url));
const RUNTIME = path.join(HERE, 'node_modules/@litertjs/core/wasm');
// `compat` is for browsers without relaxed SIMD, `threaded` for pages that may use threads. JSPI, which
// few browsers have, is left out.
const RUNTIME_FILES = ['', '_compat', '_threaded'].flatMap((kind) =>
  ['js', 'wasm'].map((ending) => `litert_wasm${kind}_internal.${ending}`),
);
const EXAMPLES = { sources: '../docs/images/shapes', references: '../docs/images/looks' };
const MODELS = process.env.MODELS ?? path.join(HERE, '../models/cats_128');
const COMPRESSED = /\.(js|css|html|wasm|json|svg)$/;
// Quality 9 takes 2 seconds per file of the runtime; 11 takes 20 and saves an eighth.
const BROTLI = { [zlib.constants.BROTLI_PARAM_QUALITY]: 9, [zlib.constants.BROTLI_PARAM_LGWIN]: 24 };
const TYPES = {
  '.wasm': 'application/wasm', '.js': 'text/javascript', '.json': 'application/json', '.png': 'image/png',
};

function sha256(content) {
  return createHash('sha256').update(content).digest('hex');
}

async function filesBelow(folder, prefix = '') {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = prefix + entry.name;
    if (entry.isDirectory()) found.push(...(await filesBelow(path.join(folder, entry.name), `${name}/`)));
    else found.push(name);
  }
  return found.sort();
}

/** {name: {bytes, sha256}} of the runtime's files, which the page verifies. */
function runtimeFiles() {
  return Object.fromEntries(
    RUNTIME_FILES.map((name) => {
      const content = readFileSync(path.join(RUNTIME, name));
      return [name, { bytes: content.length, sha256: sha256(content) }];
    }),
  );
}

async function copyExamples(output) {
  const listed = {};
  for (const [role, folder] of Object.entries(EXAMPLES)) {
    const names = (await readdir(path.join(HERE, folder))).filter((name) => name.endsWith('.png')).sort();
    listed[role] = names.map((name) => `examples/${name}`);
    for (const name of names) await cp(path.join(HERE, folder, name), path.join(output, 'examples', name));
  }
  await writeFile(path.join(output, 'examples/index.json'), JSON.stringify(listed));
}

/** The service worker, with the checksums of all files that it keeps. */
async function writeServiceWorker(output) {
  const files = {};
  for (const name of (await filesBelow(output)).filter((file) => !file.startsWith('litert/'))) {
    const address = name === 'index.html' ? './' : name;
    files[address] = sha256(await readFile(path.join(output, name)));
  }
  const version = sha256(JSON.stringify(files)).slice(0, 12);
  const template = await readFile(path.join(HERE, 'src/service_worker.js'), 'utf8');
  const filled = template
    .replace("'__VERSION__'", JSON.stringify(version))
    .replace("{ __FILES__: '' }", JSON.stringify(files));
  await writeFile(path.join(output, 'service_worker.js'), filled);
}

/** FILE.br and FILE.gz beside each file, for servers that send them. */
async function compress(output) {
  for (const name of (await filesBelow(output)).filter((file) => COMPRESSED.test(file))) {
    const content = await readFile(path.join(output, name));
    await writeFile(path.join(output, `${name}.br`), await brotli(content, { params: BROTLI }));
    await writeFile(path.join(output, `${name}.gz`), await gzip(content, { level: 9 }));
  }
}

/** Completes the page in `FOLDER.partial`, which becomes FOLDER in the end: what is there is whole. */
function completePage() {
  let output; // where the page is built
  let finished; // what it becomes
  let written = false;
  return {
    name: 'complete-page',
    apply: 'build',
    config({ build }) {
      return { build: { outDir: `${build?.outDir ?? 'dist'}.partial`, emptyOutDir: true } };
    },
    configResolved(config) {
      output = path.resolve(config.root, config.build.outDir);
      finished = output.replace(/\.partial$/, '');
    },
    writeBundle() {
      written = true;
    },
    async closeBundle() {
      if (!written) return; // after an error
      for (const folder of ['litert', 'examples']) await mkdir(path.join(output, folder), { recursive: true });
      for (const name of RUNTIME_FILES) await cp(path.join(RUNTIME, name), path.join(output, 'litert', name));
      await copyExamples(output);
      await writeServiceWorker(output);
      await compress(output);
      await rm(finished, { recursive: true, force: true });
      await rename(output, finished);
    },
  };
}

/** Sends the compressed runtime, as a server should, and the models. */
function serveLikeAServer() {
  return {
    name: 'serve-like-a-server',
    configurePreviewServer(server) {
      const built = path.resolve(server.config.root, server.config.build.outDir);
      server.middlewares.use('/litert/', (request, response, next) => {
        const name = fileName(request);
        if (!/\bbr\b/.test(request.headers['accept-encoding'] ?? '') || !name) return next();
        return send(response, path.join(built, 'litert', `${name}.br`), {
          'Content-Type': TYPES[path.extname(name)], 'Content-Encoding': 'br', Vary: 'Accept-Encoding',
        });
      });
      server.middlewares.use('/models/', (request, response) => {
        const name = fileName(request);
        const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
        send(response, path.join(MODELS, name), { 'Content-Type': type, 'Cache-Control': 'no-cache' });
      });
    },
  };
}

function fileName(request) {
  return decodeURIComponent(new URL(request.url, 'http://localhost').pathname).replace(/^.*\//, '');
}

async function send(response, file, headers) {
  try {
    const size = (await stat(file)).size;
    for (const [name, value] of Object.entries({ ...headers, 'Content-Length': size })) {
      response.setHeader(name, value);
    }
    createReadStream(file).pipe(response);
  } catch {
    response.statusCode = 404;
    response.end();
  }
}

export default {
  appType: 'mpa', // a missing file is a 404, not the page
  base: './',
  define: { __RUNTIME_FILES__: JSON.stringify(runtimeFiles()) },
  worker: { format: 'iife' }, // LiteRT loads its script with importScripts
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      input: { index: path.join(HERE, 'index.html'), tunit: path.join(HERE, 'src/tunit.js') },
      output: { entryFileNames: ({ name }) => (name === 'tunit' ? 'tunit.js' : 'assets/[name]-[hash].js') },
      preserveEntrySignatures: 'strict', // tunit.js is for other pages to import
    },
  },
  preview: { port: 8080, host: 'localhost' }, // the next free port where 8080 is in use
  plugins: [completePage(), serveLikeAServer()],
};
