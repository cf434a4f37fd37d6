// The model's files and the network: damaged, missing, changed, gone, storage full.

import assert from 'node:assert/strict';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { drawn, expectations, goOffline, open, problem, problems, redrawn, set } from '../site.js';

const ENCODER = 'encoder_dynamic_int8.tflite';
const GENERATOR = 'generator_dynamic_int8.tflite';
const UNUSED = 'generator_float32.tflite';

let expected, site;
before(async () => {
  expected = await expectations();
  site = await open();
});
after(() => site.close());
afterEach(() => site.repair());

test('a clean visit writes nothing to the console', async () => {
  const { context, lines, faults } = await site.visit();
  assert.deepEqual(lines, []);
  assert.deepEqual(faults, []);
  await context.close();
});

test('a file that was cut once is fetched again after it was repaired', async () => {
  await truncate(site.file(GENERATOR), 1000);
  const { context, page } = await site.visit({ wait: false });
  await problem(page, /generator_dynamic_int8\.tflite is damaged or from another export/);
  assert.ok(await page.isHidden('#progress'));
  assert.equal(await page.textContent('#running'), 'none');
  await site.repair();
  await page.reload();
  await drawn(page);
  assert.deepEqual(await problems(page), []);
  await context.close();
});

test('"Try again" is enough after the file was repaired', async () => {
  await rm(site.file(ENCODER));
  const { context, page } = await site.visit({ wait: false });
  await problem(page, /encoder_dynamic_int8\.tflite is missing on the server/);
  await site.repair();
  await page.click('#problems button:has-text("Try again")');
  await drawn(page);
  assert.deepEqual(await problems(page), []);
  await context.close();
});

test('a stored file that is damaged is deleted and fetched again', async () => {
  const { context, page } = await site.visit();
  const spoiled = await page.evaluate(async (name) => {
    const store = await caches.open('verified-files');
    const address = (await store.keys()).map(({ url }) => url).find((url) => url.includes(name));
    await store.put(address, new Response(new Uint8Array(1000)));
    return address;
  }, GENERATOR);
  await page.reload();
  await drawn(page);
  assert.deepEqual(await problems(page), []);
  const bytes = await page.evaluate(async (url) => {
    const response = await (await caches.open('verified-files')).match(url);
    return (await response.arrayBuffer()).byteLength;
  }, spoiled);
  assert.equal(bytes, (await readFile(site.file(GENERATOR))).length);
  await context.close();
});

test('a visit in the middle of a deployment leaves nothing behind', async () => {
  // The old manifest with a new file: the other way round is the same mismatch.
  const content = await readFile(site.file(GENERATOR));
  content[content.length >> 1] ^= 255;
  await writeFile(site.file(GENERATOR), content);
  const { context, page } = await site.visit({ wait: false });
  await problem(page, /generator_dynamic_int8/);
  const kept = await page.evaluate(async (name) => {
    const all = await Promise.all((await caches.keys()).map(async (store) => (await caches.open(store)).keys()));
    return all.flat().some(({ url }) => url.includes(name));
  }, GENERATOR);
  assert.ok(!kept);
  await context.close();
});

test('a page that is being deployed is not kept, and is once all its files are there', async () => {
  const style = (await readdir(path.join(site.built, 'assets'))).find((name) => name.endsWith('.css'));
  await truncate(path.join(site.built, 'assets', style), 100);
  const { context, page } = await site.visit();
  const kept = () => page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('page-')));
  assert.equal(await page.evaluate(() => navigator.serviceWorker.controller), null);
  await site.repair();
  await page.reload();
  await drawn(page);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  assert.equal((await kept()).length, 1);
  await context.close();
});

test('a variant whose file is missing is named, and the old one stays in use', async () => {
  const { context, page } = await site.visit();
  await rm(site.file(UNUSED));
  await page.evaluate(() => (document.getElementById('settings').open = true));
  await page.selectOption('#variant', 'float32');
  await problem(page, /generator_float32\.tflite is missing on the server/);
  assert.ok(await page.isHidden('#progress'));
  assert.equal(await page.inputValue('#variant'), 'dynamic_int8');
  assert.match(await page.textContent('#running'), /^dynamic_int8/);
  await redrawn(page, () => page.locator('input[name=source]').nth(1).check({ force: true }));
  await context.close();
});

test('without a network what was loaded works, and what was not is one sentence', async (t) => {
  const { context, page, requests } = await site.visit();
  t.diagnostic(await page.textContent('#times'));
  await redrawn(page, () => page.setInputFiles('#add-source', path.join(expected.folder, 'rotated.jpg')));
  await goOffline(page);
  await page.reload();
  await drawn(page);
  await page.evaluate(() => (document.getElementById('settings').open = true));
  await page.selectOption('#variant', 'float32');
  await problem(page, /_float32\.tflite cannot be reached: check the connection/);
  assert.ok(await page.isHidden('#progress'));
  assert.equal(await page.inputValue('#variant'), 'dynamic_int8');
  for (const [method, url] of requests) {
    assert.equal(method, 'GET');
    assert.ok([site.address, 'blob:', 'data:'].some((start) => url.startsWith(start)), url);
  }
  await context.close();
});

test('without a network the examples of the export are there', async () => {
  const { examples } = JSON.parse(await readFile(path.join(process.env.MODELS, 'manifest.json')));
  assert.ok(examples.length >= 2);
  await writeFile(site.file('manifest.json'), JSON.stringify({ ...(await site.manifest()), examples }));
  const { context, page } = await site.visit();
  const shown = () => page.$$eval('.list input', (all) => all.map((one) => one.getAttribute('aria-label')));
  const before = await shown();
  await goOffline(page);
  await page.reload();
  await drawn(page);
  assert.deepEqual(await problems(page), []);
  assert.deepEqual(await shown(), before);
  await context.close();
});

test('a first visit that did not wait for the service worker is enough for one without a network', async () => {
  const { context, page } = await site.visit({
    prepare: (opened) => opened.addInitScript(() => sessionStorage.setItem('tunit-isolation-tried', 'yes')),
  });
  await goOffline(page);
  await page.reload();
  await drawn(page);
  assert.deepEqual(await problems(page), []);
  await context.close();
});

for (const [name, spoil] of [
  ['answers with an error', () => site.refuse('manifest.json', 503)],
  ['sends an error page for the manifest', () => site.refuse('manifest.json', 200)],
]) {
  test(`where the server ${name}, what is stored is used`, async () => {
    const { context, page } = await site.visit();
    await page.reload(); // now the service worker sees what is asked for
    await drawn(page);
    spoil();
    await page.reload();
    await drawn(page);
    assert.deepEqual(await problems(page), []);
    await context.close();
  });
}

test('a manifest that was taken away is missed, and one that was never there is asked for again', async () => {
  const { context, page } = await site.visit();
  await page.reload();
  await drawn(page);
  await rm(site.file('manifest.json'));
  await page.reload();
  await problem(page, /There is no model: .*manifest\.json is missing/);
  await context.close();
  await site.repair();
  site.refuse('manifest.json', 502);
  const first = await site.visit({ wait: false });
  await problem(first.page, /does not send .*manifest\.json \(status 502\): try again later/);
  await site.repair();
  await first.page.click('#problems button:has-text("Try again")');
  await drawn(first.page);
  await first.context.close();
});

test('a full storage is no reason not to work', async () => {
  const { context, page } = await site.visit({
    wait: false,
    prepare: async (opened) => {
      const session = await opened.context().newCDPSession(opened);
      const origin = new URL(site.address).origin;
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 200_000 });
    },
  });
  await drawn(page);
  assert.deepEqual(await problems(page), []);
  assert.match(await page.textContent('#message'), /storage is full/);
  await context.close();
});

test('a hard reload waits for nothing', async () => {
  const { context, page, lines } = await site.visit({
    prepare: (opened) => opened.addInitScript(() => {
      const original = window.setTimeout;
      window.setTimeout = (react, delay, ...rest) => {
        console.debug(`waits ${delay}`);
        return original.call(window, react, delay, ...rest);
      };
    }),
  });
  const long = () => lines.filter((line) => Number(line.split('waits ')[1]) >= 1000).length;
  assert.equal(long(), 1); // the first visit, for the service worker
  await page.addInitScript(() => sessionStorage.clear()); // as on another day
  const session = await context.newCDPSession(page);
  await session.send('Page.reload', { ignoreCache: true });
  await page.waitForFunction(() => document.getElementById('compare')?.dataset.drawn === undefined);
  await drawn(page);
  assert.equal(long(), 1);
  assert.equal(await page.evaluate(() => navigator.serviceWorker.controller), null);
  await context.close();
});

test('the bar covers runtime and model, and the runtime travels compressed', async () => {
  const seen = [];
  const encodings = [];
  const { context, page } = await site.visit({
    prepare: async (opened) => {
      await opened.exposeFunction('note', (text) => seen.push(text));
      opened.context().on('response', (response) => {
        if (response.url().includes('.wasm')) encodings.push(response.headers()['content-encoding']);
      });
      await opened.addInitScript(() => {
        document.addEventListener('DOMContentLoaded', () => {
          const message = document.getElementById('message');
          new MutationObserver(() => window.note(message.textContent)).observe(message, { childList: true });
        });
      });
    },
  });
  const { files, variants } = await site.manifest();
  const entry = variants.dynamic_int8;
  const model = files[entry.encoder].bytes + files[entry.generator].bytes;
  const [, received, total] = seen.filter((text) => text.includes(' of ')).at(-1).match(/([\d.]+) of ([\d.]+) MB/);
  assert.equal(received, total);
  assert.ok(Number(total) > model / 1e6 + 9);
  assert.deepEqual([...new Set(encodings)], ['br']);
  assert.ok(await page.isHidden('#progress'));
  await context.close();
});

test('a browser without WebAssembly gets a sentence', async () => {
  const { context, page } = await site.visit({
    wait: false,
    serviceWorkers: 'block',
    prepare: (opened) =>
      opened.route('**/assets/model_worker-*.js', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `delete self.WebAssembly;${await response.text()}` });
      }),
  });
  await problem(page, /This browser has no WebAssembly/);
  await context.close();
});

test('of two choices of a variant the last one counts', async () => {
  const { context, page } = await site.visit();
  await page.evaluate(() => (document.getElementById('settings').open = true));
  await page.evaluate(() => {
    const variant = document.getElementById('variant');
    for (const name of ['float32', 'weight_int8']) {
      variant.value = name;
      variant.dispatchEvent(new Event('change'));
    }
  });
  await page.waitForFunction(() => document.getElementById('running').textContent.startsWith('weight_int8'));
  assert.deepEqual(await problems(page), []);
  await set(page, '#variant', 'dynamic_int8');
  await context.close();
});
