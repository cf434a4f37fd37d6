// Pictures come in, are cropped and removed.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { drawn, expectations, open, pixels, problem, problems, redrawn } from '../site.js';

let expected, site;
before(async () => {
  expected = await expectations();
  site = await open();
});
after(() => site.close());

const file = (name) => path.join(expected.folder, name);
const names = (page, role) =>
  page.$$eval(`input[name=${role}]`, (all) => all.map((one) => one.getAttribute('aria-label')));
const chosen = (page, role) => page.getAttribute(`input[name=${role}]:checked`, 'aria-label');

/** Files as a DataTransfer in the page. */
async function transfer(page, ...paths) {
  const contents = await Promise.all(
    paths.map(async (name) => ({ name: path.basename(name), base64: (await readFile(name)).toString('base64') })),
  );
  return page.evaluateHandle((files) => {
    const data = new DataTransfer();
    for (const { name, base64 } of files) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      data.items.add(new File([bytes], name, { type: 'image/png' }));
    }
    return data;
  }, contents);
}

test('a picture that is added before the manifest has arrived is kept', async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const { context, page, faults } = await site.visit({
    wait: false,
    serviceWorkers: 'block',
    prepare: (opened) => opened.route('**/manifest.json', async (route) => {
      await held;
      await route.continue();
    }),
  });
  assert.ok(await page.isDisabled('#crop-source'));
  await page.setInputFiles('#add-source', file('rotated.jpg'));
  await page.waitForFunction(() => /1 picture waits/.test(document.getElementById('message').textContent));
  release();
  await page.waitForSelector('input[aria-label="rotated.jpg"]:checked', { state: 'attached' });
  await drawn(page);
  assert.deepEqual(faults, []);
  assert.deepEqual(await problems(page), []);
  await context.close();
});

test('every bad file stays named until it is dismissed', async () => {
  const { context, page } = await site.visit();
  await page.setInputFiles('#add-look', [file('not_a_picture.png'), file('nor_this.png')]);
  await problem(page, /^nor_this\.png is not a picture/);
  await redrawn(page, () => page.setInputFiles('#add-look', file('rotated.jpg')));
  assert.deepEqual(await problems(page), [
    'not_a_picture.png is not a picture that this browser can read.',
    'nor_this.png is not a picture that this browser can read.',
  ]);
  await page.click('#problems li:first-child button');
  assert.equal((await problems(page)).length, 1);
  await page.click('#problems li:first-child button');
  assert.ok(await page.isHidden('#problems'));
  await context.close();
});

test('files may be dropped anywhere, and nothing that is dropped opens', async () => {
  const { context, page } = await site.visit();
  const data = await transfer(page, file('rotated.jpg'));
  const drag = (type, clientX) =>
    page.evaluate(([kind, x, dataTransfer]) => {
      const event = new DragEvent(kind, { bubbles: true, cancelable: true, clientX: x, dataTransfer });
      return !document.querySelector('header').dispatchEvent(event); // whether the browser was stopped
    }, [type, clientX, data]);
  assert.ok(await drag('dragover', 1000));
  assert.ok(await page.isVisible('#drop-look.over'));
  await redrawn(page, async () => assert.ok(await drag('drop', 1000)));
  assert.ok(await page.isHidden('#drop'));
  assert.equal(await chosen(page, 'look'), 'rotated.jpg');
  await redrawn(page, () => drag('drop', 100));
  assert.equal(await chosen(page, 'source'), 'rotated.jpg');
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData('text/uri-list', 'https://example.org/cat.png');
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  });
  await problem(page, /^Only files can be dropped here/);
  await context.close();
});

test('a picture is pasted into the list that has the focus', async () => {
  const { context, page } = await site.visit();
  const data = await transfer(page, file('photographs/temple_0.png'));
  const paste = () =>
    page.evaluate((clipboardData) => {
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, clipboardData }));
    }, data);
  await redrawn(page, paste);
  assert.equal(await chosen(page, 'source'), 'temple_0.png');
  await page.locator('input[name=look]').first().focus();
  await redrawn(page, paste);
  assert.equal(await chosen(page, 'look'), 'temple_0.png');
  await context.close();
});

test('a picture that is there already is chosen, not added', async () => {
  const { context, page } = await site.visit();
  const two = [file('rotated.jpg'), file('photographs/flower_0.png')];
  await redrawn(page, () => page.setInputFiles('#add-source', two));
  const before = await names(page, 'source');
  await redrawn(page, () => page.setInputFiles('#add-source', two[0]));
  assert.deepEqual(await names(page, 'source'), before);
  assert.equal(await chosen(page, 'source'), 'rotated.jpg');
  assert.equal(await page.textContent('#message'), 'rotated.jpg is already in the list.');
  await context.close();
});

test('pictures are removed by button and key, down to none', async () => {
  const { context, page } = await site.visit();
  await redrawn(page, () => page.click('#remove-source'));
  assert.equal((await names(page, 'source')).length, 3);
  await page.locator('input[name=source]:checked').focus();
  await redrawn(page, () => page.keyboard.press('Delete'));
  assert.equal((await names(page, 'source')).length, 2);
  await redrawn(page, () => page.keyboard.press('Delete'));
  await page.keyboard.press('Delete');
  assert.deepEqual(await names(page, 'source'), []);
  await page.waitForFunction(() => /Add or choose a picture/.test(document.getElementById('result-caption').textContent));
  for (const id of ['#save', '#crop-source', '#remove-source']) assert.ok(await page.isDisabled(id));
  await redrawn(page, () => page.setInputFiles('#add-source', file('rotated.jpg')));
  await context.close();
});

test('a style that is removed is no longer mixed', async () => {
  const { context, page } = await site.visit();
  const first = await page.locator('#second option').nth(1).getAttribute('value');
  await redrawn(page, () => page.selectOption('#second', first));
  await redrawn(page, () => page.click('#remove-look'));
  assert.equal(await page.inputValue('#second'), '');
  await context.close();
});

async function openCrop(page, name) {
  await redrawn(page, () => page.setInputFiles('#add-source', file(name)));
  await page.click('#crop-source');
  await page.waitForSelector('#crop-box:focus');
}

const box = (page) => page.locator('#crop-box').boundingBox();

test('the square is cropped with the keyboard, Enter uses it, Escape does not', async () => {
  const { context, page } = await site.visit();
  await openCrop(page, 'rotated.jpg');
  const whole = await pixels(page, '#translated');
  for (const key of ['-', '-', '-', '-', 'ArrowUp', 'ArrowLeft']) await page.keyboard.press(key);
  await redrawn(page, () => page.keyboard.press('Enter'));
  assert.notDeepEqual(await pixels(page, '#translated'), whole);
  await page.click('#crop-source');
  await page.keyboard.press('Escape');
  assert.ok(await page.isHidden('#crop'));
  await context.close();
});

test('the square follows a pointer that leaves the picture and returns', async () => {
  const { context, page } = await site.visit();
  await openCrop(page, 'rotated.jpg');
  for (let i = 0; i < 15; i++) await page.keyboard.press('-');
  const start = await box(page);
  const [x, y] = [start.x + start.width / 2, start.y + start.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 900, y + 20, { steps: 5 });
  await page.mouse.move(x + 10, y + 20, { steps: 5 });
  await page.mouse.up();
  const end = await box(page);
  assert.ok(Math.abs(end.x - start.x - 10) < 1.5 && Math.abs(end.y - start.y - 20) < 1.5);
  assert.equal(Math.round(end.width), Math.round(start.width));
  await context.close();
});

test('corners, wheel and two fingers resize the square', async () => {
  const { context, page } = await site.visit({ hasTouch: true });
  await openCrop(page, 'rotated.jpg');
  const start = await box(page);
  const corner = await page.locator('[data-corner=se]').boundingBox();
  await page.mouse.move(corner.x + corner.width / 2, corner.y + corner.height / 2);
  await page.mouse.down();
  await page.mouse.move(corner.x + corner.width / 2 - 80, corner.y + corner.height / 2 - 80, { steps: 4 });
  await page.mouse.up();
  const smaller = await box(page);
  assert.ok(Math.abs(smaller.width - (start.width - 80)) < 2);
  assert.ok(Math.abs(smaller.x - start.x) < 1 && Math.abs(smaller.y - start.y) < 1); // the corner stays
  await page.mouse.move(smaller.x + 10, smaller.y + 10);
  await page.mouse.wheel(0, -200);
  await page.waitForFunction((old) => document.getElementById('crop-box').clientWidth < old - 10, smaller.width);
  const before = await box(page);
  const session = await context.newCDPSession(page);
  const middle = { x: before.x + before.width / 2, y: before.y + before.height / 2 };
  const fingers = (spread) => [-1, 1].map((side, id) => ({ id, x: middle.x + side * spread, y: middle.y }));
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: fingers(50) });
  for (const spread of [45, 40, 35, 30, 25]) {
    await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: fingers(spread) });
  }
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  const pinched = await box(page);
  assert.ok(Math.abs(pinched.width / before.width - 0.5) < 0.1);
  await context.close();
});

test('a small picture is enlarged for cropping, and the border is visible at full size', async () => {
  const { context, page } = await site.visit();
  await page.click('#crop-source'); // an example of 32 pixels
  await page.waitForSelector('#crop-box:focus');
  const shown = await page.locator('#crop-picture').boundingBox();
  assert.ok(shown.width >= 250);
  const square = await box(page);
  assert.ok(Math.abs(square.width - shown.width) < 1.5);
  const border = await page.$eval('#crop-box', (element) => {
    const { borderTopWidth } = getComputedStyle(element);
    const { left, top } = element.getBoundingClientRect();
    return { width: parseFloat(borderTopWidth), onTop: document.elementFromPoint(left + 60, top + 1) === element };
  });
  assert.ok(border.width >= 2 && border.onTop);
  await context.close();
});
