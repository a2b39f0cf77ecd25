import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeyLocks } from '../../../src/store/key-locks.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

test('a lock whose file was removed is released like any other', async (context) => {
  const folder = join(temporaryFolder(context), 'steps');
  const locks = new KeyLocks(folder);
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  {
    await using _lock = await locks.lock('a', {});
    rmSync(folder, { recursive: true });
  }
  assert.equal(descriptors(), before);
  await using _again = await locks.lock('a', {});
  assert.equal(locks.tryLock('a'), undefined);
});
