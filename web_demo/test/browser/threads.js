// Where the model runs: one thread, several, a GPU. The same picture everywhere.

import assert from 'node:assert/strict';
import http from 'node:http';
import os from 'node:os';
import { after, before, test } from 'node:test';
import { launch, open, pixels, problems, redrawn, set } from '../site.js';

const SWIFTSHADER = [
  '--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-webgpu-adapter=swiftshader',
  '--use-vulkan=swiftshader',
];
const MAX_GPU_GAP = 2; // of 255

let site;
before(async () => (site = await open()));
after(() => site.close());

function largest(a, b) {
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0);
}

test('the page gets threads from its own service worker, and draws the same', async () => {
  const { context, page } = await site.visit();
  assert.ok(await page.evaluate(() => crossOriginIsolated));
  const most = Math.min(4, os.availableParallelism());
  assert.match(await page.textContent('#running'), most > 1 ? RegExp(`${most} threads`) : /one thread/);
  const many = await pixels(page, '#translated');
  await set(page, '#threads', '1');
  assert.match(await page.textContent('#running'), /one thread/);
  assert.equal(largest(await pixels(page, '#translated'), many), 0);
  await context.close();
});

test('where threads are refused one is used', async () => {
  const { context, page } = await site.visit({ serviceWorkers: 'block' });
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  assert.match(await page.textContent('#running'), /one thread/);
  assert.ok(await page.isDisabled('#threads'));
  assert.deepEqual(await problems(page), []);
  await context.close();
});

test('in a frame of another page one thread is used', async () => {
  const context = await site.browser.newContext();
  const page = await context.newPage();
  const parent = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<iframe src="${site.address}"></iframe>`);
  });
  await new Promise((resolve) => parent.listen(0, 'localhost', resolve));
  await page.goto(`http://localhost:${parent.address().port}/`);
  const frame = await (await page.waitForSelector('iframe')).contentFrame();
  await frame.waitForFunction(() => document.getElementById('compare')?.dataset.drawn, null, { timeout: 60_000 });
  assert.match(await frame.textContent('#running'), /one thread/);
  await context.close();
  parent.close();
});

test('without a GPU the processor is used', async () => {
  const { context, page } = await site.visit();
  await page.click('summary');
  assert.equal(await page.inputValue('#accelerator'), 'wasm');
  assert.ok(await page.locator('#accelerator option[value=webgpu]').isDisabled());
  await context.close();
});

test('a GPU delegate takes all of both graphs', { timeout: 300_000 }, async (t) => {
  const gpu = await launch(SWIFTSHADER);
  try {
    const { page } = await site.visit({ from: gpu });
    await page.click('summary');
    await page.waitForSelector('#accelerator option[value=webgpu]:not([disabled])', { state: 'attached' });
    await set(page, '#variant', 'float32');
    const wasm = await pixels(page, '#translated');
    await redrawn(page, () => page.selectOption('#accelerator', 'webgpu'), 280_000);
    assert.equal(await page.textContent('#message'), 'Ready.');
    assert.equal(await page.textContent('#running'), 'float32 on the GPU'); // the page asks isFullyAccelerated
    const gap = largest(await pixels(page, '#translated'), wasm);
    t.diagnostic(`largest difference to the processor: ${gap} of 255`);
    assert.ok(gap <= MAX_GPU_GAP);
  } finally {
    await gpu.close();
  }
});
