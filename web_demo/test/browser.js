// The built page in a real browser: `EXPECTED=FOLDER MODELS=FOLDER node --test test/browser.js`, where EXPECTED is
// what `python -m tests.web_demo.write_expected` wrote. CHROMIUM names the browser, SCREENSHOTS a folder to fill.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const PORT = 8099;
const PAGE = `http://localhost:${PORT}/`;
const MAX_GAP = 2; // of 255, between the browser and export.run_tflite
const MAX_BLOCKED = 300; // ms in which the page may not answer; measured is 30 to 60
const given = path.resolve(process.env.EXPECTED);
const models = path.resolve(process.env.MODELS ?? path.join(given, 'mobile'));
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const screenshots = process.env.SCREENSHOTS;
const SWIFTSHADER = [
  '--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-webgpu-adapter=swiftshader',
  '--use-vulkan=swiftshader',
];

let browser, expected, scratch, server;

before(async () => {
  expected = JSON.parse(await readFile(path.join(given, 'expected.json')));
  scratch = await mkdtemp(path.join(os.tmpdir(), 'tunit-models-'));
  await cp(models, scratch, { recursive: true });
  server = spawn('npx', ['vite', 'preview', '--port', String(PORT)], {
    env: { ...process.env, MODELS: scratch },
    stdio: 'ignore',
    detached: true,
  });
  await answered();
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
});

after(async () => {
  await browser?.close();
  if (server) process.kill(-server.pid);
  await rm(scratch, { recursive: true, force: true });
});

async function answered() {
  for (let i = 0; i < 100; i++) {
    try {
      await fetch(PAGE);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error(`no server on ${PAGE}`);
}

/** A new visitor's page, with the first translation drawn; everything it asks for is noted. */
async function visit({ wait = true, from = browser, ...options } = {}) {
  const context = await from.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const requests = [];
  context.on('request', (request) => requests.push([request.method(), request.url()]));
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(PAGE);
  if (wait) await drawn(page);
  return { context, page, requests, faults };
}

async function drawn(page, before = undefined) {
  await page.waitForFunction(
    (old) => {
      const canvas = document.getElementById('translated');
      return canvas.dataset.drawn !== undefined && canvas.dataset.drawn !== old;
    },
    before,
    { timeout: 60_000 },
  );
}

/** Does something that draws a new translation, and waits for it. */
async function redrawn(page, action) {
  const before = await page.getAttribute('#translated', 'data-drawn');
  await action();
  await drawn(page, before);
}

/** RGB bytes of a canvas. */
async function pixels(page, selector) {
  const rgba = await page.evaluate((s) => {
    const canvas = document.querySelector(s);
    return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data];
  }, selector);
  return rgba.filter((_, i) => i % 4 !== 3);
}

function gaps(found, base64) {
  const wanted = Buffer.from(base64, 'base64');
  assert.equal(found.length, wanted.length);
  return found.map((value, i) => Math.abs(value - wanted[i]));
}

const button = (page, role, name) => page.locator(`input[name=${role}][aria-label="${name}"]`);

for (const variant of ['dynamic_int8', 'float32']) {
  test(`${variant} draws what export.run_tflite writes`, async (t) => {
    const { context, page, faults } = await visit();
    await page.click('summary');
    if ((await page.inputValue('#variant')) !== variant) {
      await redrawn(page, () => page.selectOption('#variant', variant));
    }
    const all = [];
    for (const [source, looks] of Object.entries(expected.translated[variant])) {
      for (const [look, wanted] of Object.entries(looks)) {
        for (const [role, name] of [['source', source], ['look', look]]) {
          const radio = button(page, role, name);
          if (!(await radio.isChecked())) await redrawn(page, () => radio.check({ force: true }));
        }
        all.push(gaps(await pixels(page, '#translated'), wanted));
      }
    }
    const largest = all.flat().reduce((a, b) => Math.max(a, b));
    const share = (least) => all.flat().filter((gap) => gap >= least).length / all.flat().length;
    const percent = (least) => `${(100 * share(least)).toFixed(2)} %`;
    t.diagnostic(`largest ${largest} of 255; ${percent(1)} differ, ${percent(3)} by 3 or more`);
    assert.ok(largest <= MAX_GAP);
    assert.deepEqual(faults, []);
    await context.close();
  });
}

test('nothing leaves the machine, and everything works without a network', async (t) => {
  const { context, page, requests } = await visit();
  t.diagnostic(await page.textContent('#times'));
  await page.setInputFiles('#add-source', path.join(given, 'rotated.jpg'));
  await page.waitForSelector('input[aria-label="rotated.jpg"]:checked');
  await context.setOffline(true);
  await page.reload();
  await drawn(page);
  for (const [method, url] of requests) {
    assert.equal(method, 'GET');
    assert.ok(url.startsWith(PAGE) || url.startsWith('blob:') || url.startsWith('data:'), url);
  }
  await context.close();
});

test('a photograph stored on its side is turned and cut as in Python', async (t) => {
  const { context, page } = await visit();
  const add = page.setInputFiles('#add-source', path.join(given, 'rotated.jpg'));
  await redrawn(page, () => add);
  const found = gaps(await pixels(page, 'label:has(input[name=source]:checked) canvas'), expected.rotated);
  t.diagnostic(`largest ${Math.max(...found)} of 255`);
  assert.ok(Math.max(...found) <= MAX_GAP); // two JPEG decoders
  await context.close();
});

test('the square is cut with the keyboard', async () => {
  const { context, page } = await visit();
  await redrawn(page, () => page.setInputFiles('#add-source', path.join(given, 'rotated.jpg')));
  const whole = await pixels(page, '#translated');
  await page.click('#crop-source');
  await page.waitForSelector('#crop-box:focus');
  for (const key of ['-', '-', '-', '-', 'ArrowUp', 'ArrowLeft']) await page.keyboard.press(key);
  await redrawn(page, () => page.click('#crop-done'));
  assert.notDeepEqual(await pixels(page, '#translated'), whole);
  await page.click('#crop-source');
  await page.keyboard.press('Escape');
  assert.ok(await page.isHidden('#crop'));
  await context.close();
});

test('looks are chosen with arrow keys and mixed with the slider', async () => {
  const { context, page } = await visit();
  await page.locator('input[name=look]').first().focus();
  await redrawn(page, () => page.keyboard.press('ArrowRight'));
  const one = await pixels(page, '#translated');
  await redrawn(page, () => page.selectOption('#second', '0'));
  await redrawn(page, () => page.fill('#share', '0'));
  assert.deepEqual(await pixels(page, '#translated'), one);
  await redrawn(page, () => page.fill('#share', '100'));
  const two = await pixels(page, '#translated');
  await redrawn(page, () => page.selectOption('#second', ''));
  await redrawn(page, () => page.locator('input[name=look]').first().check({ force: true }));
  const gap = (await pixels(page, '#translated')).map((value, i) => Math.abs(value - two[i]));
  assert.ok(Math.max(...gap) <= 1);
  await context.close();
});

test('a grid is drawn and saved while the page answers', async (t) => {
  const { context, page } = await visit();
  await page.evaluate(() => {
    window.longest = 0;
    let last = performance.now();
    setInterval(() => {
      window.longest = Math.max(window.longest, performance.now() - last);
      last = performance.now();
    }, 5);
  });
  await page.click('#all');
  await page.waitForSelector('#grid-section:not([hidden])', { timeout: 120_000 });
  const longest = await page.evaluate(() => window.longest);
  t.diagnostic(`longest time without an answer: ${longest.toFixed(0)} ms`);
  assert.ok(longest < MAX_BLOCKED);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-grid')]);
  const saved = await readFile(await download.path());
  assert.equal(saved.subarray(1, 4).toString(), 'PNG');
  assert.ok(saved.length > 1000);
  if (screenshots) {
    await mkdir(screenshots, { recursive: true });
    await page.screenshot({ path: path.join(screenshots, 'desktop.png'), fullPage: true });
  }
  await context.close();
});

test('a phone shows everything in one column, in the dark too', async () => {
  const { context, page } = await visit({
    viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: 'dark',
  });
  const { wide, view } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    view: document.documentElement.clientWidth,
  }));
  assert.ok(wide <= view, 'the page scrolls sideways');
  if (screenshots) {
    await page.waitForTimeout(1000); // previews of the averages
    await page.screenshot({ path: path.join(screenshots, 'phone.png'), fullPage: true });
  }
  await context.close();
});

test('every control has a name', async () => {
  const { context, page } = await visit();
  await page.click('summary');
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, select, canvas[role]')]
      .filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim()))
      .map((e) => e.outerHTML),
  );
  assert.deepEqual(nameless, []);
  await context.close();
});

test('a file that is no picture is one sentence', async () => {
  const { context, page } = await visit();
  await page.setInputFiles('#add-look', path.join(given, 'not_a_picture.png'));
  await page.waitForSelector('#error:not([hidden])');
  assert.match(
    await page.textContent('#error'),
    /^not_a_picture.png is not a picture that this browser can read\.$/,
  );
  await context.close();
});

for (const [name, spoil, message] of [
  ['a missing model', (file) => rm(file('manifest.json')), /There is no model: .*export\.tflite/],
  [
    'a damaged model',
    async (file) => {
      const target = file('generator_dynamic_int8.tflite');
      const content = await readFile(target);
      content[content.length >> 1] ^= 255;
      await writeFile(target, content);
    },
    /generator_dynamic_int8\.tflite has another checksum/,
  ],
]) {
  test(`${name} is one sentence`, async () => {
    const saved = await mkdtemp(path.join(os.tmpdir(), 'tunit-saved-'));
    await cp(scratch, saved, { recursive: true });
    try {
      await spoil((file) => path.join(scratch, file));
      const { context, page } = await visit({ wait: false });
      await page.waitForSelector('#error:not([hidden])', { timeout: 60_000 });
      assert.match(await page.textContent('#error'), message);
      await context.close();
    } finally {
      await cp(saved, scratch, { recursive: true });
      await rm(saved, { recursive: true });
    }
  });
}

test('a browser without WebAssembly is told so', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `delete self.WebAssembly;${await response.text()}` });
  });
  await page.addInitScript(() => delete navigator.__proto__.serviceWorker);
  await page.goto(PAGE);
  await page.waitForSelector('#error:not([hidden])', { timeout: 60_000 });
  assert.match(await page.textContent('#error'), /This browser has no WebAssembly/);
  await context.close();
});

test('without a GPU the processor is used', async () => {
  const { context, page } = await visit();
  assert.equal(await page.inputValue('#accelerator'), 'wasm');
  assert.ok(await page.locator('#accelerator option[value=webgpu]').isDisabled());
  await context.close();
});

test('a GPU delegate takes all of both graphs', { timeout: 300_000 }, async (t) => {
  const gpu = await chromium.launch({ executablePath, args: ['--no-sandbox', ...SWIFTSHADER] });
  try {
    const { context, page } = await visit({ from: gpu });
    await page.click('summary');
    await page.waitForSelector('#accelerator option[value=webgpu]:not([disabled])', {
      state: 'attached',
    });
    if ((await page.inputValue('#variant')) !== 'float32') {
      await redrawn(page, () => page.selectOption('#variant', 'float32'));
    }
    const wasm = await pixels(page, '#translated');
    const old = await page.getAttribute('#translated', 'data-drawn');
    await page.selectOption('#accelerator', 'webgpu');
    await page.waitForFunction(
      (before) => document.getElementById('translated').dataset.drawn !== before,
      old,
      { timeout: 280_000 },
    );
    assert.equal(await page.textContent('#message'), 'Ready.');
    assert.equal(await page.inputValue('#accelerator'), 'webgpu'); // the page asks isFullyAccelerated
    const found = (await pixels(page, '#translated')).map((value, i) => Math.abs(value - wasm[i]));
    t.diagnostic(`largest difference to the processor: ${Math.max(...found)} of 255`);
    assert.ok(Math.max(...found) <= MAX_GAP);
    await context.close();
  } finally {
    await gpu.close();
  }
});
