import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import * as C from '../../../src/sys/constants.ts';
import { writeFully } from '../../../src/sys/fd-io.ts';
import {
  closeFd,
  linkAt,
  mkdirAt,
  mknodAt,
  openAt,
  readlinkAt,
  renameAt,
  rmdirAt,
  symlinkAt,
  unlinkAt,
} from '../../../src/sys/fs-at.ts';
import { needs } from '../../helpers/needs.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

const binary = Uint8Array.of(0xff, 0xfe, 0x0a, 0x80);
const binaryPath = (directory: string): Buffer => Buffer.concat([Buffer.from(`${directory}/`), binary]);

test('openAt creates, refuses and closes on exec', (context) => {
  const { path, fd } = scratchDirectory(context);
  const before = openDescriptors();
  const file = openAt(fd, 'file', C.O_CREAT | C.O_EXCL | C.O_WRONLY, 0o640);
  writeFully(file, Buffer.from('hello'));
  assert.match(readFileSync(`/proc/self/fdinfo/${file}`, 'latin1'), /^flags:\s+0?2[0-7]{6}\s*$/m);
  closeFd(file);
  assert.equal(readFileSync(join(path, 'file'), 'latin1'), 'hello');
  assert.equal(statSync(join(path, 'file')).mode & 0o777, 0o640 & ~process.umask());
  throwsErrno('EEXIST', () => openAt(fd, 'file', C.O_CREAT | C.O_EXCL | C.O_WRONLY, 0o640));
  throwsErrno('ENOENT', () => openAt(fd, 'missing', C.O_RDONLY));
  throwsErrno('ENOTDIR', () => openAt(fd, 'file', C.O_RDONLY | C.O_DIRECTORY));
  throwsErrno('EBADF', () => openAt(9999, 'file', C.O_RDONLY));
  throwsErrno('EBADF', () => closeFd(file));
  symlinkSync('file', join(path, 'link'));
  throwsErrno('ELOOP', () => openAt(fd, 'link', C.O_RDONLY | C.O_NOFOLLOW));
  assert.equal(openDescriptors(), before);
});

test('names are bytes or text, never cut at a NUL, never overlong', (context) => {
  const { path, fd } = scratchDirectory(context);
  closeFd(openAt(fd, binary, C.O_CREAT | C.O_WRONLY, 0o600));
  mkdirAt(fd, 'größe 中', 0o755);
  assert.ok(lstatSync(binaryPath(path)).isFile());
  assert.deepEqual(
    readdirSync(path, { encoding: 'buffer' })
      .map((name) => Buffer.from(name).toString('hex'))
      .sort(),
    [Buffer.from('größe 中').toString('hex'), Buffer.from(binary).toString('hex')].sort(),
  );
  for (const name of ['a\0b', Uint8Array.of(0x61, 0, 0x62), '\0', Uint8Array.of(0)]) {
    assert.throws(
      () => mkdirAt(fd, name, 0o755),
      (error) => isStrataError(error, 'ERR_PATH_HAS_NUL'),
    );
    assert.throws(
      () => symlinkAt(name, fd, 'link'),
      (error) => isStrataError(error, 'ERR_PATH_HAS_NUL'),
    );
  }
  throwsErrno('ENAMETOOLONG', () => mkdirAt(fd, 'x'.repeat(256), 0o755));
  throwsErrno('ENAMETOOLONG', () => mkdirAt(fd, 'x/'.repeat(3000), 0o755));
  throwsErrno('ENAMETOOLONG', () => mkdirAt(fd, new Uint8Array(4096).fill(0x61), 0o755));
  throwsErrno('ENAMETOOLONG', () => mkdirAt(fd, 'é'.repeat(2048), 0o755));
  mkdirAt(fd, 'x'.repeat(255), 0o755);
  throwsErrno('ENOENT', () => mkdirAt(fd, '', 0o755));
});

test('directories are made and removed', (context) => {
  const { path, fd } = scratchDirectory(context);
  mkdirAt(fd, 'a', 0o750);
  assert.equal(statSync(join(path, 'a')).mode & 0o777, 0o750 & ~process.umask());
  throwsErrno('EEXIST', () => mkdirAt(fd, 'a', 0o755));
  mkdirAt(fd, 'a/b', 0o755);
  throwsErrno('ENOTEMPTY', () => rmdirAt(fd, 'a'));
  throwsErrno('EISDIR', () => unlinkAt(fd, 'a'));
  rmdirAt(fd, 'a/b');
  rmdirAt(fd, 'a');
  throwsErrno('ENOENT', () => rmdirAt(fd, 'a'));
  writeFileSync(join(path, 'f'), '');
  throwsErrno('ENOTDIR', () => rmdirAt(fd, 'f'));
  unlinkAt(fd, 'f');
  throwsErrno('ENOENT', () => unlinkAt(fd, 'f'));
});

test('symlinks keep their bytes, are linked and removed themselves', (context) => {
  const { path, fd } = scratchDirectory(context);
  const target = Buffer.concat([Buffer.from('../'), binary]);
  symlinkAt(target, fd, 'link');
  assert.deepEqual(Buffer.from(readlinkAt(fd, 'link')), target);
  assert.deepEqual(readlinkSync(join(path, 'link'), { encoding: 'buffer' }), target);
  const long = 'y'.repeat(4095);
  symlinkAt(long, fd, 'long');
  assert.equal(Buffer.from(readlinkAt(fd, 'long')).toString(), long);
  throwsErrno('EEXIST', () => symlinkAt('x', fd, 'link'));
  throwsErrno('ENOENT', () => symlinkAt('', fd, 'empty'));
  throwsErrno('ENOENT', () => readlinkAt(fd, 'missing'));
  throwsErrno('EINVAL', () => readlinkAt(fd, '.'));
  linkAt(fd, 'link', fd, 'hard');
  assert.equal(lstatSync(join(path, 'hard')).ino, lstatSync(join(path, 'link')).ino);
  const opened = openAt(fd, 'link', C.O_PATH | C.O_NOFOLLOW);
  assert.deepEqual(Buffer.from(readlinkAt(opened, '')), target);
  closeFd(opened);
});

test('hard links are made between directories', (context) => {
  const { path, fd } = scratchDirectory(context);
  mkdirAt(fd, 'd', 0o755);
  const directory = openAt(fd, 'd', C.O_PATH);
  writeFileSync(join(path, 'file'), 'x');
  linkAt(fd, 'file', directory, 'second');
  assert.equal(statSync(join(path, 'file')).nlink, 2);
  throwsErrno('EEXIST', () => linkAt(fd, 'file', directory, 'second'));
  throwsErrno('ENOENT', () => linkAt(fd, 'missing', directory, 'third'));
  throwsErrno('EPERM', () => linkAt(fd, 'd', fd, 'third'));
  symlinkSync('file', join(path, 'link'));
  linkAt(fd, 'link', directory, 'followed', C.AT_SYMLINK_FOLLOW);
  assert.equal(lstatSync(join(path, 'd/followed')).ino, lstatSync(join(path, 'file')).ino);
  closeFd(directory);
});

test('renameAt moves, refuses to replace, exchanges', (context) => {
  const { path, fd } = scratchDirectory(context);
  writeFileSync(join(path, 'one'), '1');
  writeFileSync(join(path, 'two'), '2');
  throwsErrno('EEXIST', () => renameAt(fd, 'one', fd, 'two', C.RENAME_NOREPLACE));
  renameAt(fd, 'one', fd, 'two', C.RENAME_EXCHANGE);
  assert.equal(readFileSync(join(path, 'one'), 'latin1'), '2');
  renameAt(fd, 'one', fd, 'two');
  assert.deepEqual(readdirSync(path), ['two']);
  throwsErrno('ENOENT', () => renameAt(fd, 'one', fd, 'two'));
});

describe('mknodAt', () => {
  test('makes fifos and sockets as any user', (context) => {
    const { path, fd } = scratchDirectory(context);
    mknodAt(fd, 'fifo', 'fifo', 0o640);
    mknodAt(fd, 'socket', 'socket', 0o600);
    assert.ok(lstatSync(join(path, 'fifo')).isFIFO());
    assert.equal(lstatSync(join(path, 'fifo')).mode & 0o777, 0o640 & ~process.umask());
    assert.ok(lstatSync(join(path, 'socket')).isSocket());
    throwsErrno('EEXIST', () => mknodAt(fd, 'fifo', 'fifo', 0o640));
  });

  test('makes devices with numbers up to the kernel limit, and none beyond', { skip: needs('root') }, (context) => {
    const { path, fd } = scratchDirectory(context);
    mknodAt(fd, 'null', 'character-device', 0o666, 1, 3);
    assert.ok(lstatSync(join(path, 'null')).isCharacterDevice());
    assert.equal(lstatSync(join(path, 'null')).rdev, 0x103);
    mknodAt(fd, 'big', 'block-device', 0o600, 4095, 1_048_575);
    assert.ok(lstatSync(join(path, 'big')).isBlockDevice());
    assert.equal(lstatSync(join(path, 'big'), { bigint: true }).rdev, 0xffffffffn);
    mknodAt(fd, 'whiteout', 'character-device', 0);
    assert.equal(lstatSync(join(path, 'whiteout')).rdev, 0);
    for (const [major, minor] of [
      [4096, 0],
      [0, 1_048_576],
      [-1, 0],
      [0, -1],
      [Number.NaN, 0],
    ] as const) {
      throwsErrno('EINVAL', () => mknodAt(fd, 'bad', 'character-device', 0o600, major, minor));
    }
  });
});
