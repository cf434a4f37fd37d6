// The built page on a server of its own and a Chromium that visits it, for tests and measurements.
// MODELS names the exported pair, CHROMIUM the browser.

import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const DIST = path.join(ROOT, 'dist');
const VIEW = { width: 1280, height: 800 };
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/**
 * Starts a server with copies of page and models, which tests may spoil, and a browser.
 *
 * @param {{args?: string[], examples?: boolean}} options args of the browser; examples: whether the page shows those
 *   of the models. By default it shows its own, whose names tests know.
 */
export async function open({ args = [], examples = false } = {}) {
  const original = path.resolve(process.env.MODELS);
  const models = await mkdtemp(path.join(os.tmpdir(), 'tunit-models-'));
  await copyModels(original, models, examples);
  const built = await mkdtemp(path.join(os.tmpdir(), 'tunit-page-'));
  await cp(DIST, built, { recursive: true });
  process.env.MODELS = models;
  const { preview } = await import('vite'); // reads MODELS
  const refused = new Map(); // status by the end of an address
  const server = await preview({
    plugins: [refusing(refused)],
    root: ROOT,
    logLevel: 'error',
    build: { outDir: built },
    preview: { port: 0, strictPort: false, host: 'localhost' },
  });
  process.env.MODELS = original;
  const browser = await launch(args);
  const address = server.resolvedUrls.local[0];
  return {
    address,
    browser,
    built,
    /** Path of a model's file, as served. */
    file: (name) => path.join(models, name),
    manifest: async () => JSON.parse(await readFile(path.join(models, 'manifest.json'))),
    /** Lets the server answer with an error. */
    refuse: (name, status) => refused.set(name, status),
    /** Puts back what a test has spoiled. */
    async repair() {
      refused.clear();
      await copyModels(original, models, examples);
      await cp(DIST, built, { recursive: true });
    },
    visit: ({ from = browser, ...options } = {}) => visit(from, address, options),
    async close() {
      await browser.close();
      await new Promise((resolve) => server.httpServer.close(resolve));
      server.httpServer.closeAllConnections?.();
      for (const folder of [models, built]) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A server that answers some addresses with errors. */
function refusing(refused) {
  return {
    name: 'refusing',
    enforce: 'pre', // before what sends the models
    configurePreviewServer(server) {
      server.middlewares.use((request, response, next) => {
        const [, status] = [...refused].find(([name]) => request.url.split('?')[0].endsWith(name)) ?? [];
        if (!status) return next();
        response.statusCode = status;
        response.end('<html>an error page</html>');
      });
    },
  };
}

async function copyModels(from, to, examples) {
  await cp(from, to, { recursive: true });
  if (examples) return;
  const name = path.join(to, 'manifest.json');
  const manifest = JSON.parse(await readFile(name));
  await writeFile(name, JSON.stringify({ ...manifest, examples: [] }));
}

/** A Chromium with further arguments. */
export function launch(args = []) {
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...args] });
}

/**
 * A new visitor's page, with everything it asks for and says noted.
 *
 * @param {import('playwright-core').Browser} browser Where.
 * @param {string} address What to visit.
 * @param {object} options wait: until the first translation; prepare: what to do with the page before
 *   it is opened; the rest goes to the browser's context.
 */
async function visit(browser, address, { wait = true, prepare, ...options } = {}) {
  const context = await browser.newContext({ viewport: VIEW, ...options });
  const page = await context.newPage();
  const requests = [];
  const lines = []; // of the console
  const faults = []; // exceptions that nothing has caught
  context.on('request', (request) => requests.push([request.method(), request.url()]));
  page.on('console', (line) => lines.push(`${line.type()}: ${line.text()}`));
  page.on('pageerror', (error) => faults.push(error.message));
  await prepare?.(page);
  await page.goto(address);
  if (wait) await drawn(page);
  return { context, page, requests, lines, faults };
}

/** Takes the network away once the service worker has stored what it needs. */
export async function goOffline(page) {
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.context().setOffline(true);
}

/** Waits until another translation than `before` is shown and nothing is going on. */
export async function drawn(page, before = undefined, timeout = 60_000) {
  await page.waitForFunction(
    (old) => {
      const { dataset, ariaBusy } = document.getElementById('compare') ?? { dataset: {} };
      return dataset.drawn !== undefined && dataset.drawn !== old && ariaBusy === 'false';
    },
    before,
    { timeout },
  );
}

/** Does something that draws a new translation, and waits for it. */
export async function redrawn(page, action, timeout = 60_000) {
  const before = await page.getAttribute('#compare', 'data-drawn');
  await action();
  await drawn(page, before, timeout);
}

/** Chooses a picture or look by its name. */
export async function choose(page, role, name) {
  const radio = page.locator(`input[name=${role}][aria-label="${name}"]`);
  if (!(await radio.isChecked())) await redrawn(page, () => radio.check({ force: true }));
}

/** Opens the settings and chooses there, waiting for the new translation. */
export async function set(page, id, value) {
  await page.evaluate(() => (document.querySelector('details').open = true));
  if ((await page.inputValue(id)) !== value) await redrawn(page, () => page.selectOption(id, value));
}

/** Adds a picture of stripes, as a file of some type, to the pictures. */
export async function addStripes(page, width, height, type = 'image/jpeg') {
  await redrawn(page, () =>
    page.evaluate(async ([w, h, kind]) => {
      const canvas = new OffscreenCanvas(w, h);
      const context = canvas.getContext('2d');
      for (let x = 0; x < w; x += 8) {
        context.fillStyle = `hsl(${x} 60% ${x % 16 ? 40 : 60}%)`;
        context.fillRect(x, 0, 8, h);
      }
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([await canvas.convertToBlob({ type: kind })], `stripes-${w}-${h}`, { type: kind }));
      document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
    }, [width, height, type]),
  );
}

/** RGB bytes of a canvas or a picture. */
export async function pixels(page, selector) {
  const base64 = await page.evaluate(async (s) => {
    const shown = document.querySelector(s);
    if (shown instanceof HTMLImageElement) await shown.decode();
    const [width, height] = [shown.naturalWidth ?? shown.width, shown.naturalHeight ?? shown.height];
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(shown, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const reader = new FileReader(); // far faster than an array of numbers
    await new Promise((resolve) => {
      reader.onload = resolve;
      reader.readAsDataURL(new Blob([data]));
    });
    return reader.result.split(',')[1];
  }, selector);
  return [...Buffer.from(base64, 'base64')].filter((_, i) => i % 4 !== 3);
}

/** Differences between bytes and what Python wrote as base64. */
export function gaps(found, base64) {
  const wanted = Buffer.from(base64, 'base64');
  assert.equal(found.length, wanted.length);
  return found.map((value, i) => Math.abs(value - wanted[i]));
}

/** Sentences in the list of problems. */
export async function problems(page) {
  return page.$$eval('#problems li', (items) => items.map((item) => item.dataset.text));
}

/** Waits for a problem. */
export async function problem(page, pattern) {
  await page.waitForFunction(
    (source) => [...document.querySelectorAll('#problems li')].some((li) => RegExp(source).test(li.dataset.text)),
    pattern.source,
    { timeout: 60_000 },
  );
}

/** What Python wrote for the tests: the folder, and `expected.json` read. */
export async function expectations() {
  const folder = path.resolve(process.env.EXPECTED);
  return { folder, ...JSON.parse(await readFile(path.join(folder, 'expected.json'))) };
}
