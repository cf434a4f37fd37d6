// Manifests as the page meets them: wrong ones are one sentence, new fields are shown.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { drawn, expectations, open, problem, problems } from '../site.js';

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
  ['a newer manifest', () => changeManifest(() => ({ schema_version: '2.0' })), /schema_version 2\.0 and this page reads 1\.x/],
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

const names = (page, role) =>
  page.$$eval(`input[name=${role}]`, (all) => all.map((one) => one.getAttribute('aria-label')));

/** Puts a photograph beside the manifest, as an example in some roles. */
async function addExample(...roles) {
  const file = 'temple_0.png';
  await cp(path.join(expected.folder, 'photographs', file), site.file(file));
  const content = await readFile(site.file(file));
  const sha256 = createHash('sha256').update(content).digest('hex');
  await changeManifest(({ files }) => ({
    examples: roles.map((role) => ({ file, role })),
    files: { ...files, [file]: { bytes: content.length, sha256 } },
  }));
}

test('examples of the manifest take the place of the page\'s', async () => {
  await addExample('picture', 'look');
  const { context, page } = await site.visit();
  assert.deepEqual(await names(page, 'source'), ['temple_0.png']);
  await context.close();
});

test('an example that is missing or is not what the manifest says is left out with a sentence', async () => {
  await addExample('look');
  for (const [spoil, message] of [[() => truncate(site.file('temple_0.png'), 100), /damaged/], [() => rm(site.file('temple_0.png')), /missing/]]) {
    await spoil();
    const { context, page } = await site.visit({ wait: false });
    await problem(page, message);
    await page.waitForFunction(() => document.getElementById('compare').dataset.drawn !== undefined);
    assert.equal((await problems(page)).length, 1);
    assert.ok(!(await names(page, 'look')).includes('temple_0.png'));
    await context.close();
  }
});

test('the examples of an export are shown as pictures and as looks', async () => {
  const { examples } = JSON.parse(await readFile(path.join(process.env.MODELS, 'manifest.json')));
  assert.ok(examples.length >= 2);
  await changeManifest(() => ({ examples }));
  const { context, page, faults } = await site.visit();
  for (const [role, of] of [['source', 'picture'], ['look', 'look']]) {
    const shown = await page.$$eval(`input[name=${role}]`, (all) => all.map((one) => one.getAttribute('aria-label')));
    const names = examples.filter((one) => one.role === of).map((one) => one.caption ?? one.file.slice(of.length + 1));
    assert.deepEqual(shown, names);
  }
  assert.deepEqual(faults, []);
  await context.close();
});

test('captions of examples are shown, and average looks only where there are no others', async () => {
  await addExample('picture');
  const { context, page } = await site.visit();
  assert.ok((await names(page, 'look')).includes('Average 1'));
  await context.close();
  await addExample('picture', 'look');
  await changeManifest(({ examples: [picture, look] }) => ({ examples: [{ ...picture, caption: 'Temple' }, look] }));
  const again = await site.visit();
  assert.deepEqual(await names(again.page, 'look'), ['temple_0.png']);
  assert.deepEqual(await names(again.page, 'source'), ['Temple']);
  assert.equal(await again.page.textContent('label:has(input[name=source]) .caption'), 'Temple');
  await again.context.close();
});

test('a role without examples has those of the page', async () => {
  await addExample('look');
  const { context, page } = await site.visit();
  assert.equal((await names(page, 'look'))[0], 'temple_0.png');
  assert.ok((await names(page, 'source')).includes('shape_0.png'));
  await context.close();
});
