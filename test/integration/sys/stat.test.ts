import assert from 'node:assert/strict';
import { closeSync, lstatSync, mkdirSync, openSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as C from '../../../src/sys/constants.ts';
import {
  chmodAt,
  chmodFd,
  chmodThroughProc,
  chownAt,
  chownFd,
  utimensAt,
  utimensFd,
} from '../../../src/sys/file-attributes.ts';
import { closeFd, mknodAt, openAt } from '../../../src/sys/fs-at.ts';
import { FileStat, statAt, statAtIfThere, statFd } from '../../../src/sys/stat.ts';
import { needs } from '../../helpers/needs.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

test('statx agrees with lstat in every field', (context) => {
  const { path, fd } = scratchDirectory(context);
  writeFileSync(join(path, 'file'), 'x'.repeat(5000));
  truncateSync(join(path, 'file'), 6 * 2 ** 30);
  mkdirSync(join(path, 'directory'));
  symlinkSync('nowhere', join(path, 'symlink'));
  mknodAt(fd, 'fifo', 'fifo', 0o600);
  mknodAt(fd, 'socket', 'socket', 0o600);
  for (const name of ['file', 'directory', 'symlink', 'fifo', 'socket']) {
    const ours = statAt(fd, name);
    const theirs = lstatSync(join(path, name), { bigint: true });
    assert.equal(ours.type, name);
    assert.equal(ours.mode, Number(theirs.mode));
    assert.equal(ours.permissions, Number(theirs.mode & 0o7777n));
    assert.equal(ours.ino, theirs.ino);
    for (const field of ['uid', 'gid', 'nlink', 'size', 'blocks'] as const)
      assert.equal(ours[field], Number(theirs[field]));
    assert.equal(BigInt(ours.deviceMajor), (theirs.dev >> 8n) & 0xfffn);
    for (const time of ['atime', 'mtime', 'ctime'] as const) {
      assert.equal(BigInt(ours[time].seconds) * 10n ** 9n + BigInt(ours[time].nanoseconds), theirs[`${time}Ns`]);
    }
  }
  assert.equal(statAt(fd, 'file').size, 6 * 2 ** 30);
});

test('devices have their numbers', () => {
  const root = openSync('/', C.O_RDONLY);
  const stat = statAt(root, 'dev/null');
  assert.deepEqual([stat.type, stat.nodeMajor, stat.nodeMinor], ['character-device', 1, 3]);
  closeSync(root);
});

test('a stat object can be filled again, and tells inodes apart', (context) => {
  const { path, fd } = scratchDirectory(context);
  writeFileSync(join(path, 'a'), '');
  writeFileSync(join(path, 'b'), '');
  const into = new FileStat();
  assert.equal(statAt(fd, 'a', into), into);
  assert.ok(into.isSameInode(statAt(fd, 'a')));
  assert.ok(!into.isSameInode(statAt(fd, 'b')));
  assert.equal(statAtIfThere(fd, 'missing', into), undefined);
  throwsErrno('ENOENT', () => statAt(fd, 'missing'));
  throwsErrno('ENOTDIR', () => statAtIfThere(fd, 'a/b'));
  const open = openAt(fd, 'a', C.O_PATH);
  assert.ok(statFd(open).isSameInode(into));
  closeFd(open);
  throwsErrno('EBADF', () => statFd(open));
});

test('times keep nanoseconds, may be before 1970, and are never set through a symlink', (context) => {
  const { path, fd } = scratchDirectory(context);
  writeFileSync(join(path, 'file'), '');
  symlinkSync('file', join(path, 'link'));
  const before = statAt(fd, 'file');
  utimensAt(fd, 'link', { seconds: 1, nanoseconds: 2 }, { seconds: 1_234_567_890, nanoseconds: 999_999_999 });
  assert.deepEqual({ ...statAt(fd, 'link').mtime }, { seconds: 1_234_567_890, nanoseconds: 999_999_999 });
  assert.deepEqual(statAt(fd, 'file').mtime, before.mtime);
  // ext4 ends in 2446, xfs in 2486 and tmpfs nowhere near.
  for (const time of [
    { seconds: 0, nanoseconds: 0 },
    { seconds: -2, nanoseconds: 500_000_000 },
    { seconds: -(2 ** 31), nanoseconds: 0 },
    { seconds: 2 ** 33, nanoseconds: 1 },
  ]) {
    utimensAt(fd, 'file', undefined, time);
    assert.deepEqual({ ...statAt(fd, 'file').mtime }, time);
  }
  assert.deepEqual(statAt(fd, 'file').atime, before.atime);
  const open = openAt(fd, 'file', C.O_RDONLY);
  utimensFd(open, { seconds: 7, nanoseconds: 8 }, undefined);
  closeFd(open);
  assert.deepEqual({ ...statAt(fd, 'file').atime }, { seconds: 7, nanoseconds: 8 });
  assert.throws(() => utimensAt(fd, 'file', undefined, { seconds: 0, nanoseconds: 1_000_000_000 }), /invariant/);
  throwsErrno('ENOENT', () => utimensAt(fd, 'missing', undefined, { seconds: 0, nanoseconds: 0 }));
});

for (const chmod of [chmodAt, chmodThroughProc]) {
  test(`${chmod.name} sets all twelve bits, and none through a symlink`, (context) => {
    const { path, fd } = scratchDirectory(context);
    const open = openDescriptors();
    writeFileSync(join(path, 'file'), '');
    chmod(fd, 'file', 0o6751);
    assert.equal(statSync(join(path, 'file')).mode & 0o7777, 0o6751);
    mkdirSync(join(path, 'd'));
    chmod(fd, 'd', 0o1777);
    assert.equal(statSync(join(path, 'd')).mode & 0o7777, 0o1777);
    symlinkSync('file', join(path, 'link'));
    throwsErrno('EOPNOTSUPP', () => chmod(fd, 'link', 0o777));
    assert.equal(statSync(join(path, 'file')).mode & 0o7777, 0o6751);
    throwsErrno('ENOENT', () => chmod(fd, 'missing', 0o777));
    assert.equal(openDescriptors(), open);
  });
}

test('owners change, but not through a symlink', { skip: needs('root') }, (context) => {
  const { path, fd } = scratchDirectory(context);
  writeFileSync(join(path, 'file'), '');
  symlinkSync('file', join(path, 'link'));
  chownAt(fd, 'link', 3_000_000_000, 12);
  assert.deepEqual([statAt(fd, 'link').uid, statAt(fd, 'link').gid], [3_000_000_000, 12]);
  assert.equal(statAt(fd, 'file').uid, 0);
  const open = openAt(fd, 'file', C.O_RDWR);
  chownFd(open, 5, 6);
  chmodFd(open, 0o4755);
  closeFd(open);
  const stat = statAt(fd, 'file');
  assert.deepEqual([stat.uid, stat.gid, stat.permissions], [5, 6, 0o4755]);
  chownAt(fd, 'file', 5, 6);
  assert.equal(statAt(fd, 'file').permissions, 0o755);
  throwsErrno('ENOENT', () => chownAt(fd, 'missing', 0, 0));
  throwsErrno('EBADF', () => chmodFd(open, 0));
  throwsErrno('EBADF', () => chownFd(open, 0, 0));
});
