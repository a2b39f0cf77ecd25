import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ObjectLocks } from '../../../src/content/object-locks.ts';
import { tryLockFile } from '../../../src/sys/flock.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

test('an abort ends the wait also behind another one of this process', async (context) => {
  const folder = temporaryFolder(context);
  const locks = new ObjectLocks(folder);
  locks.prepare();
  const held = readdirSync(folder).map((name) => openSync(join(folder, name), 'r'));
  assert.ok(held.every((fd) => tryLockFile(fd)));
  const order: string[] = [];
  const first = locks.with('blob', 'a', () => order.push('first'));
  const stop = new AbortController();
  const second = locks.with('blob', 'a', () => order.push('second'), { signal: stop.signal });
  const third = locks.with('blob', 'a', () => order.push('third'));
  const reason = new Error('stop');
  stop.abort(reason);
  const watch = new AbortController();
  const waitsOn = new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error('still waits')), 2000);
    watch.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  try {
    await assert.rejects(Promise.race([second, waitsOn]), reason);
  } finally {
    watch.abort();
    for (const fd of held) closeSync(fd);
  }
  await Promise.all([first, third]);
  assert.deepEqual(order, ['first', 'third']);
});
