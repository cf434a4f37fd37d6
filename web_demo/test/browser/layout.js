// Phones, large text, reduced motion, names for screen readers.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { choose, drawn, goOffline, open, redrawn } from '../site.js';

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const TARGET = 44; // pixels

let site;
before(async () => (site = await open()));
after(() => site.close());

async function assertNotWider(page) {
  const { wide, view, widest } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    view: document.documentElement.clientWidth,
    widest: [...document.querySelectorAll('body *')]
      .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .filter((e) => !e.closest('.list, .scroll, .visually-hidden, #original'))
      .map((e) => `${e.tagName}#${e.id}`),
  }));
  assert.ok(wide <= view, `the page is ${wide} pixels wide`);
  assert.deepEqual(widest, []);
}

async function openEverything(page) {
  await page.evaluate(() => (document.getElementById('settings').open = true));
  const first = await page.locator('#second option').nth(1).getAttribute('value');
  await redrawn(page, () => page.selectOption('#second', first));
  await page.click('#all');
  await page.waitForSelector('#save-grid:not([disabled])', { timeout: 120_000 });
}

for (const colorScheme of ['light', 'dark']) {
  test(`a phone shows everything in its width, ${colorScheme}`, async () => {
    const { context, page } = await site.visit({ ...PHONE, colorScheme });
    await openEverything(page);
    await assertNotWider(page);
    await context.close();
  });
}

test('on a phone the result stays in view while looks are chosen', async () => {
  const { context, page } = await site.visit(PHONE);
  await page.locator('#look-section .actions').scrollIntoViewIfNeeded();
  await page.evaluate(() => document.getElementById('look-section').scrollIntoView({ block: 'end' }));
  const result = await page.locator('#compare').boundingBox();
  const looks = await page.locator('#looks').boundingBox();
  assert.ok(result.y >= 0 && result.y + result.height <= looks.y);
  assert.ok(looks.y + looks.height <= PHONE.viewport.height);
  assert.ok(result.width >= 200);
  const strip = await page.$eval('#looks', (list) => ({ scrolls: list.scrollWidth > list.clientWidth, rows: list.clientHeight }));
  assert.ok(strip.scrolls && strip.rows < 120);
  for (const number of await page.locator('.number').all()) assert.ok(!(await number.isVisible()));
  await context.close();
});

test('a phone shows the result, and below it how to save, share and copy it, on the first screen', async () => {
  const { context, page } = await site.visit({
    ...PHONE, prepare: (opened) => opened.addInitScript(() => (navigator.canShare = () => true)),
  });
  const result = await page.locator('#compare').boundingBox();
  for (const id of ['#save', '#share-result', '#copy']) {
    const button = await page.locator(id).boundingBox();
    assert.ok(button.y >= result.y + result.height && button.y + button.height <= PHONE.viewport.height);
  }
  await context.close();
});

test('on a phone all controls are large enough for a finger', async () => {
  const { context, page } = await site.visit(PHONE);
  await openEverything(page);
  const small = await page.evaluate((least) =>
    [...document.querySelectorAll('button, select, summary, .button, .list label, .check, input[type=range]')]
      .filter((e) => e.checkVisibility())
      .map((e) => [e.id || e.textContent.trim(), e.getBoundingClientRect()])
      .filter(([, { width, height }]) => Math.min(width, height) < least)
      .map(([name, { width, height }]) => `${name}: ${width} × ${height}`), TARGET);
  assert.deepEqual(small, []);
  await context.close();
});

test('a phone held sideways shows result and choices side by side', async () => {
  const { context, page } = await site.visit({ ...PHONE, viewport: { width: 844, height: 390 } });
  await assertNotWider(page);
  const result = await page.locator('#compare').boundingBox();
  const sources = await page.locator('#sources').boundingBox();
  assert.ok(result.x + result.width <= sources.x);
  await context.close();
});

test('on a tablet the buttons of a list are one row', async () => {
  const { context, page } = await site.visit({ viewport: { width: 820, height: 1180 }, hasTouch: true });
  for (const section of ['source', 'look']) {
    const tops = await page.$$eval(`#${section}-section .actions > *`, (all) =>
      all.filter((one) => one.checkVisibility()).map((one) => Math.round(one.getBoundingClientRect().top)));
    assert.ok(tops.length >= 4);
    assert.equal(new Set(tops).size, 1);
  }
  await assertNotWider(page);
  await context.close();
});

for (const viewport of [PHONE.viewport, { width: 1280, height: 800 }]) {
  test(`text of twice the size fits ${viewport.width} pixels`, async () => {
    const { context, page } = await site.visit({ viewport });
    await page.addStyleTag({ content: ':root { font-size: 200% !important; }' });
    await openEverything(page);
    await assertNotWider(page);
    await context.close();
  });
}

test('who wants no motion sees none', async () => {
  const { context, page } = await site.visit({ reducedMotion: 'reduce' });
  const moving = await page.evaluate(() => {
    document.getElementById('compare').setAttribute('aria-busy', 'true');
    return document.getAnimations().filter((animation) => animation instanceof CSSAnimation).length;
  });
  assert.equal(moving, 0);
  await context.close();
});

for (const colorScheme of ['light', 'dark']) {
  test(`the page on a desktop, ${colorScheme}`, async () => {
    const { context, page } = await site.visit({ colorScheme });
    await openEverything(page);
    await assertNotWider(page);
    await context.close();
  });
}

test('every control has a name, and results are announced', async () => {
  const { context, page } = await site.visit();
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, select, canvas[role]')]
      .filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim()))
      .map((e) => e.outerHTML),
  );
  assert.deepEqual(nameless, []);
  await choose(page, 'look', 'moss.png');
  assert.equal(await page.textContent('#announcer'), 'Ready: shape_0 in the look moss.');
  assert.equal(await page.getAttribute('#translated', 'aria-label'), 'shape_0 in the look moss');
  await context.close();
});

test('the page speaks of pictures and looks', async () => {
  const { context, page } = await site.visit();
  await page.evaluate(() => document.getElementById('model-description').remove()); // the manifest's words
  const text = (await page.evaluate(() => document.body.innerText)).toLowerCase();
  for (const word of ['style', 'domain', 'encoder', 'generator', 'training', 'translation', 'square']) {
    assert.ok(!text.includes(word), word);
  }
  await context.close();
});

test('in high contrast what is chosen looks different', async () => {
  const { context, page } = await site.visit({ forcedColors: 'active' });
  const border = (state) =>
    page.$eval(`input[name=source]${state} + canvas`, (canvas) => getComputedStyle(canvas).borderTopColor);
  assert.notEqual(await border(':checked'), await border(':not(:checked)'));
  await context.close();
});

/** A finger that goes down in the middle of the result and moves. */
async function swipe(context, page, dx, dy) {
  const { x, y, width, height } = await page.locator('#compare').boundingBox();
  const session = await context.newCDPSession(page);
  const touch = (type, ...points) =>
    session.send('Input.dispatchTouchEvent', {
      type, touchPoints: points.map((part) => ({ x: x + width / 2 + part * dx, y: y + height / 2 + part * dy })),
    });
  await touch('touchStart', 0);
  for (const part of [0.2, 0.4, 0.6, 0.8, 1]) await touch('touchMove', part);
  await touch('touchEnd');
}

test('a finger that scrolls over the result leaves the divider, one that moves sideways drags it', async () => {
  const { context, page } = await site.visit(PHONE);
  assert.equal(await page.inputValue('#split'), '0');
  await swipe(context, page, 3, -200);
  assert.equal(await page.inputValue('#split'), '0');
  await swipe(context, page, 60, 4);
  assert.ok(Number(await page.inputValue('#split')) > 50);
  await context.close();
});

test('where text runs from right to left the divider is where the pointer is', async () => {
  const { context, page } = await site.visit();
  await page.evaluate(() => (document.documentElement.dir = 'rtl'));
  const { x, y, width, height } = await page.locator('#compare').boundingBox();
  await page.mouse.click(x + 0.25 * width, y + height / 2);
  const divider = await page.locator('#compare .divider').boundingBox();
  assert.ok(Math.abs(divider.x - x - 0.25 * width) < 5);
  await page.keyboard.press('ArrowRight'); // the keys follow
  assert.ok((await page.locator('#compare .divider').boundingBox()).x > divider.x);
  await context.close();
});

test('going back closes the large view or the crop, and stays on the page', async () => {
  const { context, page } = await site.visit();
  for (const [button, dialog] of [['#enlarge', '#large'], ['#crop-source', '#crop']]) {
    const opened = async () => {
      await page.click(button);
      await page.waitForFunction((id) => history.state?.dialog === id, dialog.slice(1));
    };
    await opened();
    await page.evaluate(() => history.back());
    await page.waitForSelector(dialog, { state: 'hidden' });
    assert.equal(page.url(), site.address);
    // Closed by other means, it leaves nothing to go back to.
    await opened();
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => !history.state?.dialog);
  }
  await redrawn(page, () => page.locator('input[name=source]').nth(1).check({ force: true }));
  await context.close();
});

test('the page can be installed', async () => {
  const { context, page } = await site.visit();
  const session = await context.newCDPSession(page);
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  const ids = installabilityErrors.map(({ errorId }) => errorId);
  assert.deepEqual(ids.filter((id) => id !== 'in-incognito'), []); // every context of a test is one
  const { url, errors } = await session.send('Page.getAppManifest');
  assert.match(url, /app\.webmanifest$/);
  assert.deepEqual(errors, []);
  await goOffline(page);
  await page.reload();
  await drawn(page);
  await context.close();
});
