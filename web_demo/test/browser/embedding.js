// The example of docs/browser.md: a page of fifteen lines that draws what the whole page draws.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { choose, expectations, open, pixels, redrawn } from '../site.js';

let expected, site;
before(async () => {
  expected = await expectations();
  site = await open();
});
after(() => site.close());

test('the documentation shows the example as it is', async () => {
  const shown = await readFile(new URL('../../../docs/browser.md', import.meta.url), 'utf8');
  const example = await readFile(new URL('../../public/example.html', import.meta.url), 'utf8');
  const lines = example.slice(example.indexOf('<label>'));
  assert.ok(shown.includes(lines));
  assert.ok(lines.trim().split('\n').length <= 15);
});

test('a page of its own redraws a picture with a few lines', async () => {
  const { context, page } = await site.visit();
  const [source, look] = ['rotated.jpg', 'photographs/flower_0.png'].map((name) => path.join(expected.folder, name));
  await redrawn(page, () => page.setInputFiles('#add-look', look));
  await redrawn(page, () => page.setInputFiles('#add-source', source));
  const wanted = await pixels(page, '#translated');
  const faults = [];
  const own = await context.newPage();
  own.on('pageerror', (error) => faults.push(error.message));
  await own.goto(new URL('example.html', site.address).href);
  await own.setInputFiles('#picture', source);
  await own.setInputFiles('#look', look);
  await own.waitForFunction(() => document.getElementById('result').width === 120, null, { timeout: 60_000 });
  assert.deepEqual(await pixels(own, '#result'), wanted);
  assert.deepEqual(faults, []);
  await context.close();
});

test('the module draws random looks, parts and masks, and says what it cannot read', async () => {
  const { context, page } = await site.visit();
  const picture = (await readFile(path.join(expected.folder, 'photographs/temple_0.png'))).toString('base64');
  const found = await page.evaluate(async (base64) => {
    const { createTranslator } = await import('./tunit.js');
    const translator = await createTranslator({ models: 'models' });
    const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
    const bitmap = await createImageBitmap(blob);
    const read = (shown) => {
      const context = new OffscreenCanvas(200, 200).getContext('2d');
      context.drawImage(shown, 0, 0);
      return context.getImageData(0, 0, 200, 200).data;
    };
    const changed = async (look, settings) => {
      const [given, drawn] = [read(bitmap), read(await translator.translate(bitmap, look, settings))];
      const at = [];
      for (let i = 0; i < given.length; i += 4) if (given[i] !== drawn[i]) at.push(i / 4);
      return at;
    };
    const style = await translator.styleOf(blob);
    const look = translator.randomLook() ?? style;
    const crop = await changed(look, { crop: { x: 50, y: 60, side: 80 } });
    const mask = new Uint8Array(200 * 200).fill(255, 0, 200 * 20);
    const masked = await changed(look, { mask, strength: 1.2 });
    const failed = async (...given) => {
      try {
        return await translator.translate(...given);
      } catch (error) {
        return error.message;
      }
    };
    const errors = [
      await failed('nothing.png', style),
      await failed(blob, style, { detail: 2 }),
      await failed(blob, style, { mask: new Uint8Array(7) }),
    ];
    translator.close();
    const rows = (all) => [Math.min(...all.map((i) => Math.floor(i / 200))), Math.max(...all.map((i) => Math.floor(i / 200)))];
    return { crop: rows(crop), masked: rows(masked), errors };
  }, picture);
  assert.ok(found.crop[0] >= 60 && found.crop[1] < 140 && found.crop[1] > 100);
  assert.ok(found.masked[0] <= 1 && found.masked[1] < 20 && found.masked[1] > 10);
  assert.deepEqual(found.errors, [
    'nothing.png cannot be read: the server answers 404.',
    'detail is between 0 and 1; received 2.',
    'A mask needs a byte for each of 200 × 200 pixels; it has 7.',
  ]);
  await context.close();
});
