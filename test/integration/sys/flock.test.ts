import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireProgram } from '../../../src/sys/find-program.ts';
import { lockFile, tryLockFile, unlockFile } from '../../../src/sys/flock.ts';
import { needs } from '../../helpers/needs.ts';
import { patienceMs } from '../../helpers/until.ts';
import { scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

test('a lock excludes other descriptors of the same process', (context) => {
  const { path } = scratchDirectory(context);
  const [one, two] = [openSync(join(path, 'lock'), 'w'), openSync(join(path, 'lock'), 'w')];
  assert.equal(tryLockFile(one), true);
  assert.equal(tryLockFile(one), true);
  assert.equal(tryLockFile(two), false);
  assert.equal(tryLockFile(two, 'shared'), false);
  assert.equal(tryLockFile(one, 'shared'), true);
  assert.equal(tryLockFile(two, 'shared'), true);
  assert.equal(tryLockFile(one), false);
  unlockFile(two);
  unlockFile(two);
  assert.equal(tryLockFile(one), true);
  closeSync(one);
  assert.equal(tryLockFile(two), true);
  closeSync(two);
  throwsErrno('EBADF', () => tryLockFile(two));
  throwsErrno('EBADF', () => unlockFile(two));
});

test('a killed process holds nothing', { skip: needs('flock') }, async (context) => {
  const { path } = scratchDirectory(context);
  writeFileSync(join(path, 'lock'), '');
  const holder = spawn(
    requireProgram('flock', 'util-linux'),
    [join(path, 'lock'), '-c', 'echo held; exec sleep 1000'],
    {
      detached: true,
    },
  );
  await once(holder.stdout, 'data');
  const fd = openSync(join(path, 'lock'), 'r');
  assert.equal(tryLockFile(fd), false);
  process.kill(-(holder.pid ?? 0), 'SIGKILL');
  await lockFile(fd, { signal: AbortSignal.timeout(patienceMs) });
  closeSync(fd);
});

test('waiting ends with the lock, or with the reason of the abort', async (context) => {
  const { path } = scratchDirectory(context);
  const [one, two] = [openSync(join(path, 'lock'), 'w'), openSync(join(path, 'lock'), 'w')];
  tryLockFile(one);
  const controller = new AbortController();
  const reason = new Error('enough');
  const waiting = lockFile(two, { signal: controller.signal });
  await sleep(20);
  controller.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  await assert.rejects(lockFile(two, { signal: controller.signal }), (error) => error === reason);
  const patient = lockFile(two, { mode: 'shared' });
  await sleep(20);
  unlockFile(one);
  await patient;
  assert.equal(tryLockFile(one), false);
  closeSync(one);
  closeSync(two);
});
