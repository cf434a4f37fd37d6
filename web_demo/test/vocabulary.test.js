// The page and the app call the same things by the same names.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const app = read('../android_demo/app/src/main/res/values/strings.xml');
const said = (name) => app.match(RegExp(`<string name="${name}">([^<%]*)`))[1].trim();

const SHARED = [
  'headline', 'picture', 'look', 'live', 'look_random', 'strength', 'detail', 'colors_only', 'save', 'share', 'remove',
  'crop', 'crop_whole', 'done', 'cancel', 'stop', 'live_take', 'live_turn',
];

test('what both have is named alike', () => {
  const shown = read('index.html').replaceAll('&nbsp;', ' ').replaceAll(/<[^>]*>/g, '|');
  const labels = read('index.html').match(/aria-label="[^"]*"/g).join();
  for (const name of SHARED) {
    const words = said(name);
    assert.ok(RegExp(`[|"]\\s*${words}\\s*[|"]`).test(shown + labels), words);
  }
  assert.ok(read('src/main.js').includes(`${said('look_random_number')} \${`));
});
