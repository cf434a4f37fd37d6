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

test('bad files are one problem that names them all and stays until it is dismissed', async () => {
  const { context, page } = await site.visit();
  await page.setInputFiles('#add-look', [file('not_a_picture.png'), file('nor_this.png')]);
  await problem(page, /nor_this\.png/);
  await redrawn(page, () => page.setInputFiles('#add-look', file('rotated.jpg')));
  assert.deepEqual(await problems(page), [
    '2 files are not pictures that this browser can read: not_a_picture.png, nor_this.png.',
  ]);
  await page.click('#problems li:first-child button');
  assert.ok(await page.isHidden('#problems'));
  await context.close();
});

test('an unreadable HEIC picture is named with a cure', async () => {
  const { context, page } = await site.visit();
  await page.setInputFiles('#add-look', { name: 'IMG_1.HEIC', mimeType: 'image/heic', buffer: Buffer.from('ftypheic') });
  await problem(page, /^IMG_1\.HEIC is not a picture that this browser can read\. HEIC .* as JPEG/);
  await context.close();
});

test('files may be dropped anywhere, on the looks as looks, and nothing that is dropped opens', async () => {
  const { context, page } = await site.visit();
  const data = await transfer(page, file('rotated.jpg'));
  const drag = (type, target) =>
    page.evaluate(([kind, selector, dataTransfer]) => {
      const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer });
      return !document.querySelector(selector).dispatchEvent(event); // whether the browser was stopped
    }, [type, target, data]);
  assert.ok(await drag('dragover', '#looks'));
  assert.ok(await page.isVisible('#look-section.over'));
  assert.equal(await page.locator('#source-section.over').count(), 0);
  await redrawn(page, async () => assert.ok(await drag('drop', '#looks')));
  assert.equal(await page.locator('.dropping, .over').count(), 0);
  assert.equal(await chosen(page, 'look'), 'rotated.jpg');
  await redrawn(page, () => drag('drop', 'header'));
  assert.equal(await chosen(page, 'source'), 'rotated.jpg');
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData('text/uri-list', 'https://example.org/cat.png');
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  });
  assert.match(await page.textContent('#message'), /^Only files can be dropped here/);
  await context.close();
});

test('pictures that were added are there on the next visit, as they were cropped, until they are removed', async () => {
  const { context, page } = await site.visit();
  const added = [file('photographs/temple_0.png'), file('rotated.jpg')];
  await redrawn(page, () => page.setInputFiles('#add-source', added));
  await redrawn(page, () => page.setInputFiles('#add-look', added[0]));
  await page.click('#crop-source');
  for (const key of ['-', '-', 'ArrowUp']) await page.press('#crop-box', key);
  await redrawn(page, () => page.keyboard.press('Enter'));
  const before = await pixels(page, '#translated');
  await page.reload();
  await drawn(page);
  assert.deepEqual((await names(page, 'source')).slice(-2), ['temple_0.png', 'rotated.jpg']);
  assert.equal(await chosen(page, 'source'), 'rotated.jpg');
  assert.equal(await chosen(page, 'look'), 'temple_0.png');
  assert.deepEqual(await pixels(page, '#translated'), before);
  await redrawn(page, () => page.click('#remove-source'));
  await page.reload();
  await drawn(page);
  assert.equal((await names(page, 'source')).at(-1), 'temple_0.png');
  assert.ok(!(await names(page, 'source')).includes('rotated.jpg'));
  await context.close();
});

test('a kept picture is seen again for a model of another size, and one that cannot be stays kept until it is removed', async () => {
  const { context, page } = await site.visit();
  await redrawn(page, () => page.setInputFiles('#add-source', file('rotated.jpg')));
  const before = await pixels(page, '#translated');
  await page.evaluate(async () => {
    const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
    const database = await done(indexedDB.open('tunit'));
    const store = database.transaction('pictures', 'readwrite').objectStore('pictures');
    const [picture] = await done(store.getAll());
    const other = { ...picture, seen: { ...picture.seen, how: 'of another size', bytes: new Uint8ClampedArray(147) } };
    await done(store.put(other));
    await done(store.put({ ...other, hash: '0', name: 'spoiled.png', blob: new Blob(['no picture']) }));
    database.close();
  });
  await page.reload();
  await drawn(page);
  assert.equal(await chosen(page, 'source'), 'rotated.jpg');
  assert.deepEqual(await pixels(page, '#translated'), before);
  const problemOf = (name) => [`${name}, kept from an earlier visit, cannot be shown now; the next visit tries again.`];
  assert.deepEqual(await problems(page), problemOf('spoiled.png'));
  await page.reload();
  await drawn(page);
  assert.deepEqual(await problems(page), problemOf('spoiled.png'));
  await page.click('#problems button:has-text("Remove it")');
  await page.reload();
  await drawn(page);
  assert.deepEqual(await problems(page), []);
  await context.close();
});

test('a picture that could not be decoded once, for want of memory, is there on the visit after', async () => {
  const { context, page } = await site.visit({ serviceWorkers: 'block' });
  await redrawn(page, () => page.setInputFiles('#add-source', file('rotated.jpg')));
  await page.evaluate(async () => {
    const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
    const database = await done(indexedDB.open('tunit'));
    const store = database.transaction('pictures', 'readwrite').objectStore('pictures');
    const [picture] = await done(store.getAll());
    await done(store.put({ ...picture, seen: { ...picture.seen, how: 'of another size' } }));
    database.close();
  });
  await context.route('**/assets/photograph_worker-*.js', async (route) => {
    const response = await route.fetch();
    const refuse = "const decode = self.createImageBitmap; self.createImageBitmap = (blob) => blob.type === 'image/jpeg' " +
      "? Promise.reject(new DOMException('', 'InvalidStateError')) : decode(blob);";
    await route.fulfill({ response, body: refuse + (await response.text()) });
  });
  await page.reload();
  await drawn(page);
  assert.ok(!(await names(page, 'source')).includes('rotated.jpg'));
  await context.unrouteAll();
  await page.reload();
  await drawn(page);
  assert.equal(await chosen(page, 'source'), 'rotated.jpg');
  assert.deepEqual(await problems(page), []);
  await context.close();
});

test('the page says what it is reading, and that it is done', async () => {
  const { context, page } = await site.visit();
  await page.evaluate(() => {
    window.said = [];
    const message = document.getElementById('message');
    new MutationObserver(() => window.said.push(message.textContent)).observe(message, { childList: true });
  });
  const two = [file('rotated.jpg'), file('photographs/temple_0.png')];
  await redrawn(page, () => page.setInputFiles('#add-source', two));
  assert.deepEqual(await page.evaluate(() => window.said), [
    'Reading rotated.jpg, 1 of 2 …', 'Reading temple_0.png, 2 of 2 …', 'Ready.',
  ]);
  await context.close();
});

test('a note passes', async () => {
  const { context, page } = await site.visit({ prepare: (opened) => opened.clock.install() });
  await page.evaluate(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', 'no picture');
    document.body.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, clipboardData }));
  });
  assert.equal(await page.textContent('#message'), 'The clipboard holds no picture.');
  await page.clock.fastForward(10_000);
  assert.equal(await page.textContent('#message'), 'Ready.');
  await context.close();
});

test('a picture that was removed comes back to its place', async () => {
  const { context, page } = await site.visit();
  const before = await names(page, 'source');
  await redrawn(page, () => page.locator('input[name=source]').nth(1).check({ force: true }));
  await redrawn(page, () => page.click('#remove-source'));
  assert.equal((await names(page, 'source')).length, before.length - 1);
  await redrawn(page, () => page.click('#offer button:has-text("Undo")'));
  assert.deepEqual(await names(page, 'source'), before);
  assert.equal(await chosen(page, 'source'), before[1]);
  assert.equal(await page.locator('#offer button').count(), 0);
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
  for (const id of ['#save', '#all', '#crop-source', '#remove-source']) assert.ok(await page.isDisabled(id));
  await redrawn(page, () => page.setInputFiles('#add-source', file('rotated.jpg')));
  await context.close();
});

test('a look that is removed is no longer mixed', async () => {
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
  await page.waitForSelector('#crop-box:focus');
  await page.keyboard.press('Escape');
  assert.ok(await page.isHidden('#crop'));
  await context.close();
});

test('what lies outside of the crop stays as it is, and "Whole picture" takes the crop back', async () => {
  const { context, page } = await site.visit();
  await openCrop(page, 'photographs/temple_0.png'); // 200 x 200
  await page.keyboard.press('Escape');
  const [original, whole] = [await pixels(page, '#original'), await pixels(page, '#translated')];
  await page.click('#crop-source');
  for (let i = 0; i < 10; i++) await page.press('#crop-box', '-');
  const frame = await page.$eval('#crop-picture', (picture) => {
    const [shown, box] = [picture, document.getElementById('crop-box')].map((one) => one.getBoundingClientRect());
    const zoom = picture.naturalWidth / shown.width;
    return { x: (box.left - shown.left) * zoom, y: (box.top - shown.top) * zoom, side: box.width * zoom };
  });
  await redrawn(page, () => page.keyboard.press('Enter'));
  const cropped = await pixels(page, '#translated');
  assert.equal(cropped.length, original.length);
  let [inside, outside] = [0, 0]; // changed values
  for (let i = 0; i < cropped.length; i++) {
    const [x, y] = [Math.floor(i / 3) % 200, Math.floor(i / 600)];
    const within = [x - frame.x, y - frame.y].every((d) => d > -1 && d < frame.side + 1);
    if (cropped[i] !== original[i]) within ? inside++ : outside++;
  }
  assert.equal(outside, 0);
  assert.ok(inside > 1000);
  await page.click('#crop-source');
  await redrawn(page, () => page.click('#crop-whole'));
  assert.deepEqual(await pixels(page, '#translated'), whole);
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

/** Adds a picture of one color to the pictures. */
async function addDrawn(page, width, height) {
  await redrawn(page, () =>
    page.evaluate(async ([w, h]) => {
      const canvas = new OffscreenCanvas(w, h);
      canvas.getContext('2d').fillRect(0, 0, w, h);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([await canvas.convertToBlob()], `drawn-${w}-${h}.png`, { type: 'image/png' }));
      document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
    }, [width, height]),
  );
}

for (const [kind, width, height] of [['tall', 900, 2400], ['very wide', 4000, 200]]) {
  test(`a ${kind} picture can be cropped where it is shown`, async () => {
    const { context, page } = await site.visit();
    await addDrawn(page, width, height);
    await page.click('#crop-source');
    await page.waitForSelector('#crop-box:focus');
    const shown = await page.locator('#crop-picture').boundingBox();
    assert.ok(Math.abs(shown.width / shown.height - width / height) < 0.01 * (width / height));
    const start = await box(page);
    assert.ok(Math.abs(start.width - Math.min(shown.width, shown.height)) < 1.5); // the largest square
    assert.ok(start.width >= 150);
    for (let i = 0; i < 300; i++) await page.keyboard.press(kind === 'tall' ? 'ArrowDown' : 'ArrowRight');
    const [end, frame] = [await box(page), await page.locator('#crop-frame').boundingBox()];
    for (const [at, side] of [['x', 'width'], ['y', 'height']]) {
      assert.ok(end[at] >= frame[at] - 1 && end[at] + end[side] <= frame[at] + frame[side] + 1); // in view
    }
    await context.close();
  });
}
