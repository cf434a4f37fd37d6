// Manifests as the page meets them: wrong ones are one sentence, new fields are shown.

import assert from 'node:assert/strict';
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { drawn, expectations, open, problem } from '../site.js';

let expected, site;
before(async () => {
  expected = await expectations();
  site = await open();
});
after(() => site.close());
afterEach(() => site.repair());

async function changeManifest(change) {
  const manifest = await site.manifest();
  await writeFile(site.file('manifest.json'), JSON.stringify({ ...manifest, ...change(manifest) }));
}

for (const [name, spoil, message] of [
  ['no manifest', () => rm(site.file('manifest.json')), /There is no model: .*export\.tflite/],
  ['a manifest that is cut', () => truncate(site.file('manifest.json'), 100), /is not JSON/],
  ['a newer manifest', () => changeManifest(() => ({ schema_version: '2.0' })), /schema_version 2\.0 and this program reads 1\.x/],
  ['a manifest without variants', () => changeManifest(() => ({ variants: undefined })), /lacks variants/],
  ['a manifest without files', () => changeManifest(() => ({ files: undefined })), /lacks files/],
  ['a manifest without recommendations', () => changeManifest(() => ({ recommended: undefined })), /lacks recommended/],
]) {
  test(`${name} is one sentence, and "Try again" helps once it is repaired`, async () => {
    await spoil();
    const { context, page, faults } = await site.visit({ wait: false });
    await problem(page, message);
    assert.ok(await page.isHidden('#progress'));
    await site.repair();
    await page.click('#problems button:has-text("Try again")');
    await drawn(page);
    assert.deepEqual(faults, []);
    await context.close();
  });
}

test('a manifest that recommends nothing is read, a newer minor version too', async () => {
  await changeManifest(() => ({
    recommended: {}, schema_version: '1.99', title: 'Shapes', description: 'Made for a test.',
  }));
  const { context, page } = await site.visit();
  assert.equal(await page.textContent('#model-title'), 'Shapes');
  assert.equal(await page.textContent('#model-description'), 'Made for a test.');
  await context.close();
});

test('examples of the manifest take the place of the page\'s', async () => {
  await cp(path.join(expected.folder, 'photographs', 'temple_0.png'), site.file('temple_0.png'));
  await changeManifest(() => ({ examples: ['picture', 'look'].map((role) => ({ file: 'temple_0.png', role })) }));
  const { context, page } = await site.visit();
  const names = await page.$$eval('input[name=source]', (all) => all.map((one) => one.getAttribute('aria-label')));
  assert.deepEqual(names, ['temple_0.png']);
  await context.close();
});

test('the examples of an export are shown as pictures and as looks', async () => {
  const { examples } = JSON.parse(await readFile(path.join(process.env.MODELS, 'manifest.json')));
  assert.ok(examples.length >= 2);
  await changeManifest(() => ({ examples }));
  const { context, page, faults } = await site.visit();
  for (const [role, of] of [['source', 'picture'], ['look', 'look']]) {
    const shown = await page.$$eval(`input[name=${role}]`, (all) => all.map((one) => one.getAttribute('aria-label')));
    const files = examples.filter((one) => one.role === of).map((one) => one.file);
    assert.deepEqual(shown.slice(0, files.length).map((name) => `${of}_${name}`), files);
  }
  assert.deepEqual(faults, []);
  await context.close();
});

test('a role without examples has those of the page', async () => {
  await cp(path.join(expected.folder, 'photographs', 'temple_0.png'), site.file('temple_0.png'));
  await changeManifest(() => ({ examples: [{ file: 'temple_0.png', role: 'look' }] }));
  const { context, page } = await site.visit();
  const names = (role) =>
    page.$$eval(`input[name=${role}]`, (all) => all.map((one) => one.getAttribute('aria-label')));
  assert.equal((await names('look'))[0], 'temple_0.png');
  assert.ok((await names('source')).includes('shape_0.png'));
  await context.close();
});
