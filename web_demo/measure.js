// Times of the page, as a Markdown table: `MODELS=FOLDER npm run measure`. Needs the built page
// (`make web-test` or `npm run build`) and a Chromium, which CHROMIUM may name.

import os from 'node:os';
import { drawn, open, redrawn, set } from './test/site.js';

const RUNS = 20;
const THREADS = [1, 2, 4];
const VARIANTS = ['dynamic_int8', 'float32'];

const site = await open();
try {
  console.log(`${os.cpus().length} × ${os.cpus()[0].model}, ${new Date().toISOString().slice(0, 10)}\n`);
  await firstVisit();
  await speed();
} finally {
  await site.close();
}

/** Seconds and bytes until the first translation, from an empty cache and on the next visit. */
async function firstVisit() {
  const started = performance.now();
  const { context, page } = await site.visit({ wait: false });
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
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

/** Medians of encoder and generator for numbers of threads. */
async function speed() {
  const { context, page } = await site.visit();
  const { variants } = await site.manifest();
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  console.log(`| variant | threads | encoder ms | generator ms |\n|---|---|---|---|`);
  for (const variant of VARIANTS.filter((name) => variants[name]?.shipped)) {
    await set(page, '#variant', variant);
    for (const threads of THREADS) {
      await useThreads(page, threads);
      const { encoder, generator } = await medians(page);
      const note = threads > cores ? ` (${cores} cores)` : '';
      console.log(`| ${variant} | ${threads}${note} | ${encoder.toFixed(1)} | ${generator.toFixed(1)} |`);
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

/** Times as the page shows them. A new crop makes it read the style again. */
async function medians(page) {
  const found = { encoder: [], generator: [] };
  for (let run = 0; run < RUNS; run++) {
    await redrawn(page, async () => {
      await page.click('#crop-look');
      await page.waitForSelector('#crop-box:focus');
      await page.keyboard.press(run % 2 ? '+' : '-');
      await page.keyboard.press('Enter');
    });
    const text = await page.textContent('#times');
    const [, generator, encoder] = text.match(/Drawn in ([\d.]+) ms, style read in ([\d.]+) ms/);
    found.generator.push(Number(generator));
    found.encoder.push(Number(encoder));
  }
  return { encoder: median(found.encoder), generator: median(found.generator) };
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
