// Pictures of the page for the documentation: `make web-screenshots`, or `MODELS=FOLDER npm run screenshots -- FOLDER`.
// FOLDER gets the page on a phone, a tablet and a desktop, light and dark, and Live with a camera that shows the
// first example; docs/images/web_*.jpg are desktop_light, phone_dark and live_phone_light. Further arguments are
// photographs of one's own, of which the page shows the last one. Such pictures are not for the repository.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { open, redrawn } from './test/site.js';

const SIZES = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true },
  tablet: { viewport: { width: 820, height: 1180 }, deviceScaleFactor: 1, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
};
const JPEG = { type: 'jpeg', quality: 80 };
const [output, ...photographs] = process.argv.slice(2);

await mkdir(output, { recursive: true });
const scratch = await mkdtemp(path.join(os.tmpdir(), 'tunit-camera-'));
const camera = path.join(scratch, 'camera.mjpeg');
const { examples } = JSON.parse(await readFile(path.join(process.env.MODELS, 'manifest.json')));
const first = examples.find(({ role, file }) => role === 'picture' && /\.jpe?g$/.test(file));
await writeFile(camera, await readFile(path.join(process.env.MODELS, first.file)));
const site = await open({
  examples: true,
  args: ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${camera}`],
});
try {
  for (const [name, size] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark']) await shoot(`${name}_${colorScheme}`, { ...size, colorScheme });
  }
} finally {
  await site.close();
  await rm(scratch, { recursive: true });
}

async function shoot(name, options) {
  const { context, page } = await site.visit({ ...options, permissions: ['camera'] });
  if (photographs.length) await redrawn(page, () => page.setInputFiles('#add-source', photographs));
  await page.fill('#split', '38');
  await page.evaluate(() => document.activeElement.blur());
  await page.waitForTimeout(500);
  await page.screenshot({ ...JPEG, path: path.join(output, `${name}.jpg`) });
  await page.screenshot({ ...JPEG, path: path.join(output, `${name}_all.jpg`), fullPage: true });
  await page.click('#live');
  await page.waitForFunction(() => Number(document.getElementById('fps').dataset.rate) > 0, null, { timeout: 60_000 });
  await page.waitForTimeout(2500);
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ ...JPEG, path: path.join(output, `live_${name}.jpg`) });
  console.log(`${name}: ${await page.textContent('#fps')}`);
  await context.close();
}
