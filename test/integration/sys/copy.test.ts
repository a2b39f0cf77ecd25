import assert from 'node:assert/strict';
import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyFileData, tryReflink } from '../../../src/sys/copy.ts';
import { readFullyAt, writeFully, writeFullyAt } from '../../../src/sys/fd-io.ts';
import { dataRuns, punchHole } from '../../../src/sys/sparse.ts';
import { needs } from '../../helpers/needs.ts';
import { withBtrfs } from './loop-filesystem.ts';
import { scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

const MiB = 1024 * 1024;

function openPair(from: string, to: string): { from: number; to: number; [Symbol.dispose](): void } {
  const pair = { from: openSync(from, 'r'), to: openSync(to, 'w+') };
  return {
    ...pair,
    [Symbol.dispose]() {
      closeSync(pair.from);
      closeSync(pair.to);
    },
  };
}

function sparseFile(path: string): void {
  const fd = openSync(path, 'w');
  writeSync(fd, Buffer.alloc(MiB, 1), 0, MiB, 2 * MiB);
  writeSync(fd, Buffer.alloc(MiB, 2), 0, MiB, 10 * MiB);
  closeSync(fd);
  truncateSync(path, 20 * MiB);
}

test('runs of data are found', (context) => {
  const { path } = scratchDirectory(context);
  sparseFile(join(path, 'sparse'));
  const fd = openSync(join(path, 'sparse'), 'r+');
  assert.deepEqual(
    [...dataRuns(fd, 20 * MiB)],
    [
      { offset: 2 * MiB, length: MiB },
      { offset: 10 * MiB, length: MiB },
    ],
  );
  assert.deepEqual([...dataRuns(fd, 10 * MiB + 5)].at(-1), { offset: 10 * MiB, length: 5 });
  assert.deepEqual([...dataRuns(fd, MiB)], []);
  assert.deepEqual([...dataRuns(fd, 0)], []);
  punchHole(fd, 2 * MiB, MiB);
  assert.deepEqual([...dataRuns(fd, 20 * MiB)], [{ offset: 10 * MiB, length: MiB }]);
  assert.equal(statSync(join(path, 'sparse')).size, 20 * MiB);
  closeSync(fd);
  throwsErrno('EBADF', () => [...dataRuns(fd, 1)]);
  throwsErrno('EBADF', () => punchHole(fd, 0, 1));
  const proc = openSync('/proc/self/status', 'r');
  assert.deepEqual([...dataRuns(proc, 100)], [{ offset: 0, length: 100 }]);
  closeSync(proc);
});

test('copies keep contents, size and holes', (context) => {
  const { path } = scratchDirectory(context);
  sparseFile(join(path, 'sparse'));
  writeFileSync(join(path, 'dense'), Buffer.alloc(17 * MiB + 1, 'abc'));
  writeFileSync(join(path, 'empty'), '');
  for (const name of ['sparse', 'dense', 'empty']) {
    using pair = openPair(join(path, name), join(path, `${name}.copy`));
    copyFileData(pair.from, pair.to);
    assert.ok(readFileSync(join(path, name)).equals(readFileSync(join(path, `${name}.copy`))), name);
  }
  assert.ok(statSync(join(path, 'sparse.copy')).blocks * 512 <= 3 * MiB);
});

test('copies between filesystems, and from files without a size, are whole', (context) => {
  const { path } = scratchDirectory(context);
  sparseFile(join(path, 'sparse'));
  const elsewhere = `/dev/shm/strata-copy-${process.pid}`;
  context.after(() => rmSync(elsewhere));
  using pair = openPair(join(path, 'sparse'), elsewhere);
  copyFileData(pair.from, pair.to);
  assert.ok(readFileSync(join(path, 'sparse')).equals(readFileSync(elsewhere)));
});

test('a checkpoint ends the copying', (context) => {
  const { path } = scratchDirectory(context);
  writeFileSync(join(path, 'dense'), Buffer.alloc(20 * MiB, 'abc'));
  using pair = openPair(join(path, 'dense'), join(path, 'copy'));
  let calls = 0;
  const stop = new Error('stop');
  const checkpoint = (): void => {
    if (++calls === 2) throw stop;
  };
  assert.throws(
    () => copyFileData(pair.from, pair.to, { checkpoint }),
    (error) => error === stop,
  );
  assert.equal(calls, 2);
});

test('writes and reads at an offset are whole', (context) => {
  const { path } = scratchDirectory(context);
  const fd = openSync(join(path, 'file'), 'w+');
  writeFully(fd, Buffer.from('hello '));
  writeFully(fd, Buffer.from('world'));
  writeFully(fd, new Uint8Array());
  writeFullyAt(fd, Buffer.from('J'), 0);
  const into = new Uint8Array(20);
  assert.equal(readFullyAt(fd, into, 0), 11);
  assert.equal(Buffer.from(into.subarray(0, 11)).toString(), 'Jello world');
  assert.equal(readFullyAt(fd, into, 100), 0);
  closeSync(fd);
  throwsErrno('EBADF', () => writeFully(fd, into));
  throwsErrno('EBADF', () => writeFullyAt(fd, into, 0));
  throwsErrno('EBADF', () => readFullyAt(fd, into, 0));
  const full = openSync('/dev/full', 'w');
  throwsErrno('ENOSPC', () => writeFully(full, into));
  closeSync(full);
});

test('blocks are shared where the filesystem can share them', {
  skip: needs('root', 'loop', 'btrfs', 'mkfs.btrfs'),
}, (context) => {
  const mounted = withBtrfs(context);
  sparseFile(join(mounted, 'file'));
  {
    using pair = openPair(join(mounted, 'file'), join(mounted, 'copy'));
    assert.equal(copyFileData(pair.from, pair.to), 'reflink');
  }
  assert.ok(readFileSync(join(mounted, 'file')).equals(readFileSync(join(mounted, 'copy'))));
  const { path } = scratchDirectory(context);
  using across = openPair(join(mounted, 'file'), join(path, 'copy'));
  assert.equal(tryReflink(across.from, across.to), false);
  const first = Buffer.alloc(1);
  copyFileData(across.from, across.to);
  readSync(across.to, first, 0, 1, 2 * MiB);
  assert.equal(first[0], 1);
});
