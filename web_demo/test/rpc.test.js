// Calls to a worker that has ended.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Remote, Stopped } from '../src/rpc.js';

/** What a page sees of a worker that gives no answers. */
class Silent extends EventTarget {
  postMessage() {}

  terminate() {}
}

test('calls to a worker that could not be loaded fail, also those that come later', async () => {
  const worker = new Silent();
  const remote = new Remote(worker);
  const before = remote.call('see', {});
  worker.dispatchEvent(new Event('error'));
  await assert.rejects(before, /could not be loaded.*Reload the page/);
  await assert.rejects(remote.call('see', {}), /could not be loaded.*Reload the page/);
});

test('calls to a worker that was stopped fail as stopped, also those that come later', async () => {
  const remote = new Remote(new Silent());
  const before = remote.call('see', {});
  remote.stop();
  await assert.rejects(before, Stopped);
  await assert.rejects(remote.call('see', {}), Stopped);
});
