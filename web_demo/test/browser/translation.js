// Translations in a real browser: what export.run_tflite writes, one at a time, saved as they are shown.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { choose, drawn, expectations, gaps, open, pixels, redrawn, set } from '../site.js';

// Limits on the difference to export.run_tflite, of 255. float32 rounds the same way on both sides.
// Quantized activations that differ in the last bit jump by a whole step, so that single values may be
// far off; what is limited is how many are.
const FLOAT_LIMIT = 1;
const FAR = 3;
const MAX_SHARE_FAR = 0.005;

let expected, site;
before(async () => {
  expected = await expectations();
  site = await open();
});
after(() => site.close());

for (const group of ['translated', 'photographs']) {
  for (const variant of ['dynamic_int8', 'float32']) {
    test(`${variant} draws what export.run_tflite writes: ${group}`, { timeout: 300_000 }, async (t) => {
      const { context, page, faults } = await site.visit();
      await set(page, '#variant', variant);
      const names = Object.keys(expected[group][variant]);
      if (group === 'photographs') {
        const files = names.map((name) => path.join(expected.folder, 'photographs', name));
        for (const id of ['#add-source', '#add-look']) {
          await redrawn(page, () => page.setInputFiles(id, files));
        }
      }
      const found = [];
      for (const [source, looks] of Object.entries(expected[group][variant])) {
        for (const [look, wanted] of Object.entries(looks)) {
          await choose(page, 'source', source);
          await choose(page, 'look', look);
          found.push(...gaps(await pixels(page, '#translated'), wanted));
        }
      }
      const largest = found.reduce((a, b) => Math.max(a, b));
      const share = (least) => found.filter((gap) => gap >= least).length / found.length;
      const percent = (least) => `${(100 * share(least)).toFixed(3)}%`;
      t.diagnostic(`largest ${largest} of 255; ${percent(1)} differ, ${percent(FAR)} by ${FAR} or more`);
      if (variant === 'float32') assert.ok(largest <= FLOAT_LIMIT);
      else assert.ok(share(FAR) <= MAX_SHARE_FAR);
      assert.deepEqual(faults, []);
      await context.close();
    });
  }
}

test('a photograph stored on its side is turned and cropped as in Python', async (t) => {
  const { context, page } = await site.visit();
  await redrawn(page, () => page.setInputFiles('#add-source', path.join(expected.folder, 'rotated.jpg')));
  const thumbnail = 'label:has(input[name=source]:checked) canvas';
  const found = gaps(await pixels(page, thumbnail), expected.rotated);
  t.diagnostic(`largest ${Math.max(...found)} of 255`);
  assert.ok(Math.max(...found) <= 2); // two JPEG decoders
  await context.close();
});

test('styles are chosen with arrow keys and mixed with the slider', async () => {
  const { context, page } = await site.visit();
  await page.locator('input[name=look]').first().focus();
  await redrawn(page, () => page.keyboard.press('ArrowRight'));
  const one = await pixels(page, '#translated');
  const first = await page.locator('#second option').nth(1).getAttribute('value');
  await redrawn(page, () => page.selectOption('#second', first));
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

test('of many movements of the slider one runs and only the last waits', async (t) => {
  const { context, page } = await site.visit();
  const first = await page.locator('#second option').nth(1).getAttribute('value');
  await redrawn(page, () => page.selectOption('#second', first));
  const count = async () => Number(await page.getAttribute('#compare', 'data-drawn'));
  const before = await count();
  const busy = await page.evaluate(() => {
    const share = document.getElementById('share');
    for (let i = 1; i <= 20; i++) {
      share.value = i * 5;
      share.dispatchEvent(new Event('input', { bubbles: true }));
    }
    return document.getElementById('compare').ariaBusy;
  });
  assert.equal(busy, 'true');
  await drawn(page, String(before));
  const translations = (await count()) - before;
  t.diagnostic(`20 movements: ${translations} translations shown`);
  assert.ok(translations <= 2);
  assert.match(await page.textContent('#result-caption'), /mixed with 100% of/);
  await context.close();
});

test('while a grid is drawn another picture is redrawn at once', async () => {
  const { context, page } = await site.visit();
  const unfinished = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const compare = document.getElementById('compare');
        const observer = new MutationObserver(() => resolve(document.getElementById('save-grid').disabled));
        observer.observe(compare, { attributeFilter: ['data-drawn'] });
        document.getElementById('all').click();
        document.querySelectorAll('input[name=source]')[1].click();
      }),
  );
  assert.ok(unfinished);
  await page.waitForSelector('#save-grid:not([disabled])', { timeout: 120_000 });
  const { name, content } = await download(page, '#save-grid');
  assert.match(name, /^4-pictures-in-\d+-styles\.png$/);
  assert.ok(content.length > 1000);
  await context.close();
});

test('a grid can be canceled, and the page goes on', async () => {
  const { context, page } = await site.visit();
  await page.evaluate(() => {
    document.getElementById('all').click();
    setTimeout(() => document.getElementById('cancel-grid').click(), 20);
  });
  await page.waitForSelector('#save-grid:not([disabled])');
  assert.match(await page.textContent('#grid-message'), /^Canceled after \d+ of \d+\.$/);
  await redrawn(page, () => page.locator('input[name=source]').nth(1).check({ force: true }));
  await context.close();
});

test('a download has the size that was asked for and a name that says what it is', async () => {
  const { context, page } = await site.visit();
  await choose(page, 'source', 'shape_1.png');
  await choose(page, 'look', 'reef.png');
  const shown = await pixels(page, '#translated');
  for (const factor of [1, 8]) {
    await page.selectOption('#factor', String(factor));
    if (factor === 8) await page.uncheck('#smooth');
    const { name, content } = await download(page, '#save');
    const side = expected.size * factor;
    assert.equal(name, `shape-1-in-style-of-reef-${side}px.png`);
    assert.equal(content.readUInt32BE(16), side); // width in the PNG's header
    const saved = await page.evaluate(async (base64) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      canvas.getContext('2d').drawImage(bitmap, 0, 0);
      return [...canvas.getContext('2d').getImageData(0, 0, bitmap.width, bitmap.height).data];
    }, content.toString('base64'));
    // The middle of every enlarged pixel is the pixel.
    const middle = (i) => Math.floor(i * factor + factor / 2);
    for (let i = 0; i < 3 * expected.size ** 2; i += 301) {
      const [at, channel] = [Math.floor(i / 3), i % 3];
      const [x, y] = [middle(at % expected.size), middle(Math.floor(at / expected.size))];
      assert.equal(saved[4 * (y * side + x) + channel], shown[i]);
    }
  }
  await context.close();
});

/** Side of a PNG that is saved at four times the size. */
const LARGE = () => expected.size * 4;

test('the result is copied in the chosen size', async () => {
  const { context, page } = await site.visit({ permissions: ['clipboard-read', 'clipboard-write'] });
  await page.selectOption('#factor', '4');
  await page.click('#copy');
  await page.waitForFunction(() => /in the clipboard/.test(document.getElementById('message').textContent));
  const width = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    return (await createImageBitmap(await item.getType('image/png'))).width;
  });
  assert.equal(width, LARGE());
  await context.close();
});

test('where the browser shares files the result is shared, with its name', async () => {
  const without = await site.visit();
  assert.ok(await without.page.isHidden('#share-result')); // Chromium without a desktop shares nothing
  await without.context.close();
  const { context, page } = await site.visit({
    prepare: (opened) => opened.addInitScript(() => {
      navigator.canShare = ({ files }) => files.every(({ type }) => type === 'image/png');
      navigator.share = async ({ files: [file] }) => {
        window.shared = { name: file.name, width: (await createImageBitmap(file)).width };
      };
    }),
  });
  await choose(page, 'look', 'reef.png');
  await page.selectOption('#factor', '4');
  await page.click('#share-result');
  await page.waitForFunction(() => window.shared);
  assert.deepEqual(await page.evaluate(() => window.shared), {
    name: `shape-0-in-style-of-reef-${LARGE()}px.png`, width: LARGE(),
  });
  await context.close();
});

test('the result is compared with the original, and shown large', async () => {
  const { context, page } = await site.visit();
  const original = await pixels(page, '#original');
  assert.deepEqual(original, await pixels(page, 'label:has(input[name=source]:checked) canvas'));
  const covered = () =>
    page.$eval('#original', (canvas) => getComputedStyle(canvas).clipPath.replace(/px/g, '%'));
  const at = async (percent) => {
    await page.fill('#split', String(percent));
    return covered();
  };
  assert.notEqual(await at(0), await at(60));
  await page.click('#enlarge');
  const { width } = await page.locator('#large #compare').boundingBox();
  assert.ok(width > 500);
  await page.keyboard.press('Escape');
  await page.waitForSelector('#stage #compare'); // visible again, once the dialog has closed
  await context.close();
});

async function download(page, selector) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
  const content = await readFile(await file.path());
  assert.equal(content.subarray(1, 4).toString(), 'PNG');
  return { name: file.suggestedFilename(), content };
}
