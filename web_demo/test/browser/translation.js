// Results in a real browser: what export.run_tflite writes, one at a time, saved as they are shown.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { addStripes, choose, drawn, expectations, gaps, open, pixels, problem, redrawn, set } from '../site.js';

// Limits on the difference to export.run_tflite, of 255. float32 rounds the same way on both sides; where what the
// model draws differs by 1, results may differ by more, since the finest waves are amplified.
// Quantized activations that differ in the last bit jump by a whole step, so that single values may be
// far off; what is limited is their mean. float32 shows the faults of the page.
const FLOAT_LIMIT = 4;
const FLOAT_MEAN_LIMIT = 0.05;
const FAR = 3;
const MEAN_LIMIT = 2;

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
          found.push(gaps(await pixels(page, '#translated'), wanted));
        }
      }
      const all = found.flat();
      const largest = all.reduce((a, b) => Math.max(a, b));
      const share = (least) => all.filter((gap) => gap >= least).length / all.length;
      const percent = (least) => `${(100 * share(least)).toFixed(3)}%`;
      const mean = all.reduce((a, b) => a + b) / all.length;
      t.diagnostic(`mean ${mean.toFixed(3)}, largest ${largest} of 255; ${percent(1)} differ, ${percent(FAR)} by ${FAR} or more`);
      if (variant === 'float32') assert.ok(largest <= FLOAT_LIMIT && mean <= FLOAT_MEAN_LIMIT);
      else assert.ok(mean <= MEAN_LIMIT);
      assert.deepEqual(faults, []);
      await context.close();
    });
  }
}

test('a photograph stored on its side is turned and redrawn as in Python', async (t) => {
  const { context, page } = await site.visit();
  await set(page, '#variant', 'float32');
  const [[look, wanted]] = Object.entries(expected.rotated['rotated.jpg']);
  await choose(page, 'look', look);
  await redrawn(page, () => page.setInputFiles('#add-source', path.join(expected.folder, 'rotated.jpg')));
  const { width, height } = await page.$eval('#translated', ({ width, height }) => ({ width, height }));
  assert.deepEqual([width, height], [120, 180]);
  const found = gaps(await pixels(page, '#translated'), wanted);
  t.diagnostic(`largest ${Math.max(...found)} of 255`);
  assert.ok(Math.max(...found) <= 4); // two JPEG decoders
  await context.close();
});

test('looks are chosen with arrow keys and mixed with the slider', async () => {
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
  const { context, page } = await site.visit({
    prepare: (opened) => opened.addInitScript(() => {
      const original = Worker.prototype.postMessage; // a model that is not as fast as the tiny one of the tests
      Worker.prototype.postMessage = function (message, ...rest) {
        if (message.task === 'generate') setTimeout(() => original.call(this, message, ...rest), 50);
        else original.call(this, message, ...rest);
      };
    }),
  });
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
  assert.match(name, /^4-pictures-in-\d+-looks\.png$/);
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

/** RGB bytes and size of an image file, as the page's browser reads it. */
function decoded(page, content) {
  return page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:;base64,${base64}`)).blob());
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return { width: bitmap.width, height: bitmap.height, rgb: [...data].filter((_, i) => i % 4 !== 3) };
  }, content.toString('base64'));
}

test('what is saved is what is shown, of the size and format of the picture', async () => {
  const { context, page } = await site.visit();
  await choose(page, 'source', 'shape_1.png');
  await choose(page, 'look', 'reef.png');
  const { name, content } = await download(page, '#save');
  assert.equal(name, 'shape-1-in-look-reef.png');
  assert.deepEqual((await decoded(page, content)).rgb, await pixels(page, '#translated'));
  await redrawn(page, () => page.setInputFiles('#add-source', path.join(expected.folder, 'rotated.jpg')));
  const photograph = await download(page, '#save');
  assert.equal(photograph.name, 'rotated-in-look-reef.jpg');
  const { width, height, rgb } = await decoded(page, photograph.content);
  assert.deepEqual([width, height], [120, 180]);
  const shown = await pixels(page, '#translated');
  assert.ok(rgb.reduce((sum, value, i) => sum + Math.abs(value - shown[i]), 0) / rgb.length < 4); // JPEG
  await context.close();
});

test('the result is copied in its own size', async () => {
  const { context, page } = await site.visit({ permissions: ['clipboard-read', 'clipboard-write'] });
  await redrawn(page, () => page.setInputFiles('#add-source', path.join(expected.folder, 'rotated.jpg')));
  await page.click('#copy');
  await page.waitForFunction(() => /in the clipboard/.test(document.getElementById('message').textContent));
  const width = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    return (await createImageBitmap(await item.getType('image/png'))).width;
  });
  assert.equal(width, 120);
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
  await page.click('#share-result');
  await page.waitForFunction(() => window.shared);
  assert.deepEqual(await page.evaluate(() => window.shared), {
    name: 'shape-0-in-look-reef.png', width: 96,
  });
  await context.close();
});

test('the result is compared with the original, and shown large', async () => {
  const { context, page } = await site.visit();
  assert.equal((await pixels(page, '#original')).length, (await pixels(page, '#translated')).length);
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
  return { name: file.suggestedFilename(), content: await readFile(await file.path()) };
}

const sizeOf = (page) => page.$eval('#translated', ({ width, height }) => [width, height]);

test('a photograph of twelve megapixels comes back at its own size, and is saved so while only a preview is shown', async () => {
  const { context, page } = await site.visit();
  await addStripes(page, 4000, 3000);
  assert.deepEqual(await sizeOf(page), [4000, 3000]);
  assert.equal(await page.textContent('#pixels'), '4000 × 3000 pixels, like the picture.');
  await page.locator('input[name=look]').nth(1).check({ force: true });
  await page.waitForFunction(() => document.getElementById('translated').width < 4000); // the preview
  const { name, content } = await download(page, '#save');
  assert.equal(name, 'stripes-4000-3000-in-look-moss.jpg');
  const saved = await page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/jpeg;base64,${base64}`)).blob());
    return [bitmap.width, bitmap.height];
  }, content.toString('base64'));
  assert.deepEqual(saved, [4000, 3000]);
  await context.close();
});

test('phones draw fewer pixels of a larger photograph, and say so', async () => {
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  const { context, page } = await site.visit({ ...phone, screen: phone.viewport });
  await addStripes(page, 5000, 3600);
  const [width, height] = await sizeOf(page);
  assert.ok(width * height <= 12.6e6 && width * height > 12.3e6);
  assert.equal(
    await page.textContent('#pixels'),
    `${width} × ${height} pixels, the most on this device; the picture has 5000 × 3600.`,
  );
  await context.close();
});

test('a slider that is moved again and again takes no more memory', async (t) => {
  const [steps, side, most] = [30, 2000, 200]; // most: MB; each result takes 16, so that kept ones would take 480
  const { context, page } = await site.visit();
  await addStripes(page, side, side);
  const session = await site.browser.newBrowserCDPSession();
  const memory = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const sizes = await Promise.all(processInfo.map(async ({ id }) =>
      Number((await readFile(`/proc/${id}/status`, 'utf8').catch(() => '')).match(/VmRSS:\s*(\d+)/)?.[1] ?? 0)));
    return sizes.reduce((a, b) => a + b) / 1024; // MB
  };
  const move = (step) => redrawn(page, () => page.fill('#detail', String((5 * step) % 100)));
  for (let step = 1; step <= 5; step++) await move(step);
  const before = await memory();
  for (let step = 6; step <= 5 + steps; step++) await move(step);
  const after = await memory();
  t.diagnostic(`${before.toFixed(0)} MB, after ${steps} steps ${after.toFixed(0)} MB`);
  assert.ok(after - before < most);
  await context.close();
});

test('the detail of the photograph returns as much as the slider says, or all of it in other colors', async () => {
  const { context, page } = await site.visit();
  await addStripes(page, 256, 256, 'image/png');
  const drawings = [];
  for (const detail of [100, 50, 0]) {
    if (detail < 100) await redrawn(page, () => page.fill('#detail', String(detail)));
    drawings.push(await pixels(page, '#translated'));
  }
  const roughness = drawings.map((rgb) => rgb.reduce((sum, value, i) => sum + (i > 2 ? Math.abs(value - rgb[i - 3]) : 0), 0));
  assert.ok(roughness[0] > roughness[1] && roughness[1] > roughness[2]);
  await redrawn(page, () => page.check('#colors-only'));
  assert.ok(await page.isDisabled('#detail'));
  assert.notDeepEqual(await pixels(page, '#translated'), drawings[2]);
  await context.close();
});

test('the strength of a look goes from the picture\'s own over the look to more than it', async () => {
  const { context, page } = await site.visit();
  const plain = await pixels(page, '#translated');
  const found = {};
  for (const strength of [0, 150, 100]) {
    await redrawn(page, () => page.fill('#strength', String(strength)));
    found[strength] = await pixels(page, '#translated');
  }
  assert.deepEqual(found[100], plain);
  for (const strength of [0, 150]) assert.notDeepEqual(found[strength], plain);
  // At 0 the look does not matter.
  await redrawn(page, () => page.fill('#strength', '0'));
  await redrawn(page, () => page.locator('input[name=look]').nth(2).check({ force: true }));
  assert.deepEqual(await pixels(page, '#translated'), found[0]);
  await context.close();
});

test('a look whose thumbnail could not be drawn shows one once something is chosen', async () => {
  const { context, page } = await site.visit({
    prepare: (opened) => opened.addInitScript(() => {
      const original = Worker.prototype.postMessage;
      window.failing = false;
      Worker.prototype.postMessage = function (message, ...rest) {
        const broken = window.failing && message.task === 'generate';
        original.call(this, broken ? { ...message, task: 'none' } : message, ...rest);
      };
    }),
  });
  const complete = () => page.waitForFunction(() =>
    [...document.querySelectorAll('#looks canvas')].every((canvas) =>
      canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data[3]));
  await complete();
  await page.evaluate(() => (window.failing = true));
  await page.click('#random');
  await problem(page, /could not be redrawn/);
  await page.evaluate(() => (window.failing = false));
  await redrawn(page, () => page.locator('input[name=source]').nth(1).check({ force: true }));
  await complete();
  await context.close();
});

test('random looks are added, drawn with, kept for the next visit, and removed', async () => {
  const { context, page } = await site.visit();
  const names = () => page.$$eval('input[name=look]', (all) => all.map((one) => one.getAttribute('aria-label')));
  const before = await names();
  await redrawn(page, () => page.click('#random'));
  const first = await pixels(page, '#translated');
  await redrawn(page, () => page.click('#random'));
  assert.notDeepEqual(await pixels(page, '#translated'), first);
  assert.deepEqual((await names()).slice(before.length), ['Random look 1', 'Random look 2']);
  await choose(page, 'look', 'Random look 1');
  await redrawn(page, () => page.click('#remove-look'));
  await page.reload();
  await drawn(page);
  assert.deepEqual((await names()).slice(before.length), ['Random look 2']);
  await context.close();
});
