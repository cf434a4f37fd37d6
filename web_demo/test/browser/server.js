// `make web` as a visitor meets it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');

test('where the port is in use the next free one is taken and printed', async () => {
  const other = net.createServer();
  await new Promise((resolve) => other.listen(0, 'localhost', resolve));
  const { port } = other.address();
  const vite = path.join(ROOT, 'node_modules/vite/bin/vite.js');
  const server = spawn(process.execPath, [vite, 'preview', '--port', String(port)], {
    cwd: ROOT, env: { ...process.env, NO_COLOR: '1' },
  });
  try {
    const address = await new Promise((resolve, reject) => {
      let text = '';
      for (const stream of [server.stdout, server.stderr]) {
        stream.on('data', (chunk) => {
          text += chunk;
          const [found] = text.match(/http:\/\/localhost:\d+\//) ?? [];
          if (found) resolve(found);
        });
      }
      server.on('exit', () => reject(new Error(text)));
    });
    assert.notEqual(Number(new URL(address).port), port);
    assert.ok((await fetch(address)).ok);
  } finally {
    server.kill();
    await new Promise((resolve) => other.close(resolve));
  }
});
