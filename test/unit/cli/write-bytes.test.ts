import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { writeBytes } from '../../../src/cli/terminal/write-bytes.ts';

const longestMs = 20_000;

test('a fast writer does not block the event loop', async () => {
  // Takes everything before write() returns, as a file or a terminal does.
  const taking = new Writable({ write: (_chunk, _encoding, done) => done() });
  let isHeard = false;
  setImmediate(() => (isHeard = true));
  const began = performance.now();
  while (!isHeard && performance.now() - began < longestMs) await writeBytes(taking, Buffer.from('x'));
  assert.ok(isHeard);
});
