// The camera, redrawn: a fake device of Chromium plays a file.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { drawn, launch, open, pixels, problem, problems } from '../site.js';

const [WIDTH, HEIGHT, FRAMES] = [320, 240, 30];

let folder, site;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tunit-camera-'));
  const file = path.join(folder, 'camera.y4m');
  await writeFile(file, recording());
  site = await open({ args: ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`] });
});
after(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});

/** A second of Y4M, which Chromium repeats: the brightness of a gray picture rises from frame to frame. */
function recording() {
  const parts = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FRAMES}:1 Ip A1:1 C420jpeg\n`)];
  for (let frame = 0; frame < FRAMES; frame++) {
    const luminance = Buffer.alloc(WIDTH * HEIGHT, 40 + 6 * frame);
    parts.push(Buffer.from('FRAME\n'), luminance, Buffer.alloc((WIDTH * HEIGHT) / 2, 128));
  }
  return Buffer.concat(parts);
}

async function startLive(page) {
  await page.click('#live');
  await page.waitForFunction(() => Number(document.getElementById('fps').dataset.rate) > 0, null, { timeout: 60_000 });
}

test('the camera is redrawn until it is stopped, with frames per second', async () => {
  const { context, page, faults } = await site.visit({ permissions: ['camera'] });
  const still = await pixels(page, '#translated');
  await startLive(page);
  assert.match(await page.textContent('#fps'), /^(1 frame|\d+ frames) per second$/);
  assert.deepEqual(await page.$eval('#translated', ({ width, height }) => [width, height]), [HEIGHT, HEIGHT]);
  const first = await pixels(page, '#translated');
  await page.waitForFunction(
    async (before) => {
      const canvas = document.getElementById('translated');
      const context = new OffscreenCanvas(1, 1).getContext('2d');
      context.drawImage(canvas, 0, 0, 1, 1);
      return Math.abs(context.getImageData(0, 0, 1, 1).data[0] - before) > 3;
    },
    first[0],
    { polling: 100 },
  );
  for (const id of ['#save', '#copy']) assert.ok(await page.isHidden(id));
  await page.locator('input[name=look]').nth(1).check({ force: true }); // goes on in another look
  assert.ok(await page.isVisible('#stop-live'));
  await page.locator('input[name=look]').nth(0).check({ force: true });
  const before = await page.getAttribute('#compare', 'data-drawn');
  await page.click('#stop-live');
  await drawn(page, before);
  assert.deepEqual(await pixels(page, '#translated'), still);
  assert.ok(await page.evaluate(() => document.getElementById('camera').srcObject === null));
  assert.deepEqual(faults, []);
  assert.deepEqual(await problems(page), []);
  await context.close();
});

test('a photo is a picture, redrawn in all pixels of the camera, and ends Live', async () => {
  const { context, page } = await site.visit({ permissions: ['camera'] });
  await startLive(page);
  const before = await page.getAttribute('#compare', 'data-drawn');
  await page.click('#photo');
  await drawn(page, before);
  assert.match(await page.getAttribute('input[name=source]:checked', 'aria-label'), /^photo-.*\.jpg$/);
  assert.equal(await page.textContent('#pixels'), `${HEIGHT} × ${HEIGHT} pixels, like the picture.`);
  assert.ok(await page.isHidden('#fps'));
  assert.ok(await page.isVisible('#save'));
  await context.close();
});

test('with two cameras the other one is a touch away', async () => {
  const two = await launch(['--use-fake-device-for-media-stream=device-count=2']);
  try {
    const { context, page } = await site.visit({
      from: two,
      permissions: ['camera'],
      prepare: (opened) => opened.addInitScript(() => {
        const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.asked = [];
        navigator.mediaDevices.getUserMedia = (wanted) => {
          window.asked.push(wanted.video.facingMode);
          return original(wanted);
        };
      }),
    });
    await startLive(page);
    await page.click('#flip');
    await page.waitForFunction(() => window.asked.length === 2 && Number(document.getElementById('fps').dataset.rate) > 0);
    assert.deepEqual(await page.evaluate(() => window.asked), ['environment', 'user']);
    assert.ok(await page.isVisible('#stop-live'));
    assert.deepEqual(await problems(page), []);
    await context.close();
  } finally {
    await two.close();
  }
  const { context, page } = await site.visit({ permissions: ['camera'] });
  await startLive(page);
  assert.ok(await page.isHidden('#flip')); // one camera
  await context.close();
});

test('while a frame is drawn those that come are passed over, so that the newest is next', async () => {
  const { context, page } = await site.visit({
    permissions: ['camera'],
    prepare: (opened) => opened.addInitScript(() => {
      const original = Worker.prototype.postMessage;
      window.running = window.most = 0;
      Worker.prototype.postMessage = function (message, ...rest) {
        if (message.task === 'generate') {
          window.most = Math.max(window.most, ++window.running);
          const done = ({ data }) => {
            if (data.id !== message.id) return;
            window.running--;
            this.removeEventListener('message', done);
          };
          this.addEventListener('message', done);
        }
        return original.call(this, message, ...rest);
      };
    }),
  });
  await page.waitForTimeout(1500); // previews of the averages
  await page.evaluate(() => (window.most = 0));
  await startLive(page);
  await page.waitForTimeout(2000);
  assert.equal(await page.evaluate(() => window.most), 1);
  await context.close();
});

test('cameras that open after Stop, or after another one was chosen, are closed again', async () => {
  const { context, page } = await site.visit({
    permissions: ['camera'],
    prepare: (opened) => opened.addInitScript(() => {
      const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      window.streams = [];
      navigator.mediaDevices.getUserMedia = (wanted) => {
        const stream = original(wanted);
        window.streams.push(stream);
        return stream;
      };
    }),
  });
  await startLive(page);
  const states = await page.evaluate(async () => {
    for (const id of ['flip', 'flip', 'stop-live']) document.getElementById(id).click();
    const streams = await Promise.all(window.streams);
    await new Promise((resolve) => setTimeout(resolve));
    return streams.flatMap((stream) => stream.getTracks().map(({ readyState }) => readyState));
  });
  assert.deepEqual(states, ['ended', 'ended', 'ended']);
  assert.ok(await page.isHidden('#stop-live'));
  await context.close();
});

test('a camera that may not be used, or is not there, is one sentence with a cure', async () => {
  const refused = await site.visit(); // Chromium without a window refuses what was not granted
  await refused.page.click('#live');
  await problem(refused.page, /The camera may not be used: allow it/);
  assert.ok(await refused.page.isVisible('#save'));
  await refused.context.close();
  const { context, page } = await site.visit({
    prepare: (opened) => opened.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));
    }),
  });
  await page.click('#live');
  await problem(page, /No camera was found on this device; add a picture instead/);
  await context.close();
});
