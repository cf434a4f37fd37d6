// What a build leaves behind.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** A build into a folder, under way. */
function build(output) {
  const vite = path.join(ROOT, 'node_modules/vite/bin/vite.js');
  return spawn(process.execPath, [vite, 'build', '--logLevel', 'error', '--outDir', output], { cwd: ROOT });
}

test('a build that is interrupted leaves no page, and the next one a whole one', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tunit-build-'));
  const output = path.join(folder, 'page');
  try {
    const first = build(output);
    const begun = async () => (await readdir(folder, { recursive: true })).some((name) => name.endsWith('index.html'));
    while (first.exitCode === null && !(await begun())) await new Promise((resolve) => setTimeout(resolve, 5));
    first.kill('SIGKILL');
    await once(first, 'close');
    assert.equal(first.signalCode, 'SIGKILL'); // it was not ready
    assert.ok(!existsSync(path.join(output, 'index.html')));
    const second = build(output);
    const [code] = await once(second, 'close');
    assert.equal(code, 0);
    const worker = await readFile(path.join(output, 'service_worker.js'), 'utf8');
    assert.ok(!worker.includes('__FILES__') && existsSync(path.join(output, 'litert', 'litert_wasm_internal.wasm.br')));
    assert.deepEqual(await readdir(folder), ['page']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
