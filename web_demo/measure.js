// Times of the page and its difference to export.run_tflite, as Markdown: `make web-measure`, or
// `EXPECTED=FOLDER MODELS=FOLDER npm run measure`. Needs the built page and a Chromium, which CHROMIUM
// may name; EXPECTED is what `python -m tests.web_demo.write_expected` wrote.

import os from 'node:os';
import path from 'node:path';
import { addStripes, choose, drawn, expectations, gaps, open, pixels, redrawn, set } from './test/site.js';

const RUNS = 10;
const FAR = 3; // of 255
const TIMED = 'rotated.jpg'; // the look that is read again and again
const THREADS = [1, 2];
const VARIANTS = ['dynamic_int8', 'float32'];

const site = await open({ args: ['--use-fake-device-for-media-stream'] });
try {
  const [load] = os.loadavg();
  console.log(`${os.cpus().length} × ${os.cpus()[0].model}, load ${load.toFixed(1)}, ${new Date().toISOString().slice(0, 10)}\n`);
  await firstVisit();
  await photograph();
  await live();
  await speed();
} finally {
  await site.close();
}

/** Seconds until the first translation, from an empty cache and on the next visit. */
async function firstVisit() {
  const started = performance.now();
  const { context, page } = await site.visit({ wait: false });
  await drawn(page);
  const first = performance.now() - started;
  const again = performance.now();
  await page.reload();
  await drawn(page);
  const next = performance.now() - again;
  console.log(`first translation from an empty cache on localhost: ${(first / 1000).toFixed(1)} s`);
  console.log(`the same on the next visit: ${(next / 1000).toFixed(1)} s\n`);
  await context.close();
}

/** How long a photograph of twelve megapixels takes after the network, and until it is a file. */
async function photograph() {
  const { context, page } = await site.visit();
  await addStripes(page, 4000, 3000);
  const found = [];
  for (let run = 0; run < RUNS; run++) {
    await redrawn(page, () => page.fill('#strength', String(50 + 5 * run)));
    found.push(Number((await page.textContent('#times')).match(/photograph in ([\d.]+) ms/)[1]));
  }
  console.log(`4000 × 3000 pixels after the network: ${median(found).toFixed(0)} ms`);
  const started = performance.now();
  await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  console.log(`the same as a JPEG file: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  await context.close();
}

/** Frames per second of the camera, for numbers of threads. */
async function live() {
  const { context, page } = await site.visit({ permissions: ['camera'] });
  for (const threads of THREADS) {
    await useThreads(page, threads);
    await page.click('#live');
    await page.waitForFunction(() => Number(document.getElementById('fps').dataset.rate) > 0);
    const found = [];
    for (let run = 0; run < RUNS; run++) {
      await page.waitForTimeout(1000);
      found.push(Number(await page.getAttribute('#fps', 'data-rate')));
    }
    console.log(`Live, threads ${threads}: ${median(found).toFixed(1)} frames per second`);
    await redrawn(page, () => page.click('#stop-live'));
  }
  console.log('');
  await context.close();
}

/** Medians of encoder and generator for numbers of threads. */
async function speed() {
  const { context, page } = await site.visit();
  const { variants } = await site.manifest();
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  const { translated, folder } = await expectations();
  await redrawn(page, () => page.setInputFiles('#add-look', path.join(folder, TIMED)));
  const columns = ['variant', 'threads', 'encoder ms', 'generator ms', 'largest difference of 255', `by ${FAR} or more`];
  console.log(`| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}`);
  for (const variant of VARIANTS.filter((name) => variants[name]?.shipped)) {
    await set(page, '#variant', variant);
    for (const threads of THREADS) {
      await useThreads(page, threads);
      const { encoder, generator } = await medians(page);
      const { largest, share } = await difference(page, translated[variant]);
      const note = threads > cores ? ` on ${cores} core` : '';
      const cells = [
        variant, `${threads}${note}`, encoder.toFixed(1), generator.toFixed(1), largest, `${(100 * share).toFixed(2)} %`,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
  await context.close();
}

/** Also numbers that the page does not offer because there are fewer cores. */
async function useThreads(page, threads) {
  await redrawn(page, () =>
    page.evaluate((count) => {
      const list = document.getElementById('threads');
      if (![...list.options].some(({ value }) => value === String(count))) list.add(new Option(count, count));
      list.value = String(count);
      list.dispatchEvent(new Event('change'));
    }, threads),
  );
}

/** Times as the page shows them. A new crop makes it read the look again. */
async function medians(page) {
  await choose(page, 'look', TIMED);
  const found = { encoder: [], generator: [] };
  for (let run = 0; run < RUNS; run++) {
    await redrawn(page, async () => {
      await page.click('#crop-look');
      await page.waitForSelector('#crop-box:focus');
      await page.keyboard.press(run % 2 ? '+' : '-'); // Enter alone is the whole square
      await page.keyboard.press('Enter');
    });
    const text = await page.textContent('#times');
    const [, generator, encoder] = text.match(/Drawn in ([\d.]+) ms, look read in ([\d.]+) ms/);
    found.generator.push(Number(generator));
    found.encoder.push(Number(encoder));
  }
  return { encoder: median(found.encoder), generator: median(found.generator) };
}

/** The largest difference of all examples to what Python wrote, and the share of values far off. */
async function difference(page, translated) {
  const found = [];
  for (const [source, looks] of Object.entries(translated)) {
    for (const [look, wanted] of Object.entries(looks)) {
      await choose(page, 'source', source);
      await choose(page, 'look', look);
      found.push(...gaps(await pixels(page, '#translated'), wanted));
    }
  }
  const share = found.filter((gap) => gap >= FAR).length / found.length;
  return { largest: found.reduce((a, b) => Math.max(a, b)), share };
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
