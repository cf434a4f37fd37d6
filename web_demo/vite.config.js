// Builds the page, puts LiteRT's runtime and the example pictures beside it, and lists the files that
// the service worker keeps for use without a network. `vite preview` serves the build, and the models
// of the folder MODELS under models/.

import { createReadStream } from 'node:fs';
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const RUNTIME = path.join(HERE, 'node_modules/@litertjs/core/wasm');
// Without threads and without JSPI, which need special headers or browsers; `compat` is for browsers
// without relaxed SIMD.
const RUNTIME_FILES = /^litert_wasm(_compat)?_internal\.(js|wasm)$/;
const EXAMPLES = { sources: '../docs/images/shapes', references: '../docs/images/looks' };
const MODELS = process.env.MODELS ?? path.join(HERE, '../models/mobile');

async function filesBelow(folder, prefix = '') {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = prefix + entry.name;
    if (entry.isDirectory()) found.push(...(await filesBelow(path.join(folder, entry.name), `${name}/`)));
    else found.push(name);
  }
  return found.sort();
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

async function writeServiceWorker(output) {
  const shell = (await filesBelow(output)).filter((name) => !name.startsWith('litert/'));
  const digest = createHash('sha256');
  for (const name of shell) digest.update(name).update(await readFile(path.join(output, name)));
  const version = digest.digest('hex').slice(0, 12);
  const template = await readFile(path.join(HERE, 'src/service_worker.js'), 'utf8');
  const filled = template
    .replace("'__VERSION__'", JSON.stringify(version))
    .replace("['__SHELL__']", JSON.stringify(['./', ...shell]));
  await writeFile(path.join(output, 'service_worker.js'), filled);
}

function completePage() {
  let output;
  return {
    name: 'complete-page',
    apply: 'build',
    configResolved(config) {
      output = path.resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      await mkdir(path.join(output, 'litert'), { recursive: true });
      for (const name of (await readdir(RUNTIME)).filter((file) => RUNTIME_FILES.test(file))) {
        await cp(path.join(RUNTIME, name), path.join(output, 'litert', name));
      }
      await mkdir(path.join(output, 'examples'), { recursive: true });
      await copyExamples(output);
      await writeServiceWorker(output);
    },
  };
}

function serveModels() {
  return {
    name: 'serve-models',
    configurePreviewServer(server) {
      server.middlewares.use('/models/', async (request, response) => {
        const name = path.basename(new URL(request.url, 'http://localhost').pathname);
        const file = path.join(MODELS, name);
        try {
          response.setHeader('Content-Length', (await stat(file)).size);
          const json = name.endsWith('.json');
          response.setHeader('Content-Type', json ? 'application/json' : 'application/octet-stream');
          createReadStream(file).pipe(response);
        } catch {
          response.statusCode = 404;
          response.end();
        }
      });
    },
  };
}

export default {
  appType: 'mpa', // a missing file is a 404, not the page
  base: './',
  worker: { format: 'iife' }, // LiteRT loads its script with importScripts
  build: { target: 'es2022', chunkSizeWarningLimit: 1000 },
  preview: { port: 8080, strictPort: true, host: 'localhost' },
  plugins: [completePage(), serveModels()],
};
