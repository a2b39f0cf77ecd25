import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { closeFd, mkdirAt, mknodAt, openAt } from '../../../src/sys/fs-at.ts';
import { listAt, listFd } from '../../../src/sys/list-at.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

const shown = (entries: ReturnType<typeof listFd>): string[] =>
  [...entries].map(({ name, type }) => `${Buffer.from(name).toString('latin1')} ${type}`).sort();

test('names are bytes with their types, without the dots', (context) => {
  const { path, fd } = scratchDirectory(context);
  assert.equal(listFd(fd).length, 0);
  writeFileSync(join(path, 'file'), '');
  writeFileSync(join(path, '...'), '');
  writeFileSync(join(path, '.x'), '');
  mkdirAt(fd, Uint8Array.of(0xff, 0x0a), 0o755);
  symlinkSync('x', join(path, 'link'));
  mknodAt(fd, 'fifo', 'fifo', 0o600);
  const expected = ['... file', '.x file', 'fifo fifo', 'file file', 'link symlink', '\xff\n directory'];
  assert.deepEqual(shown(listFd(fd)), expected.sort());
  unlinkSync(join(path, 'file'));
  assert.equal(listFd(fd).length, 5);
});

test('a directory larger than one read is listed whole', (context) => {
  const { path, fd } = scratchDirectory(context);
  const names = Array.from({ length: 3000 }, (_, i) => `${i}-${'n'.repeat(i % 200)}`);
  for (const name of names) writeFileSync(join(path, name), '');
  assert.deepEqual(shown(listFd(fd)), names.map((name) => `${name} file`).sort());
});

test('names are sorted by their bytes', (context) => {
  const { path, fd } = scratchDirectory(context);
  const names = ['a', 'a-b', 'ab', 'a b', 'A', '.a', '\xff', '\x01', ...Array.from({ length: 500 }, (_, i) => `f${i}`)];
  for (const name of names) writeFileSync(Buffer.from(`${path}/${name}`, 'latin1'), '');
  const sorted = listFd(fd).sort().names();
  assert.deepEqual(
    [...sorted].map((name) => Buffer.from(name).toString('latin1')),
    names.toSorted((a, b) => Buffer.from(a, 'latin1').compare(Buffer.from(b, 'latin1'))),
  );
});

test('listAt follows no symlink and leaves no descriptor', (context) => {
  const { path, fd } = scratchDirectory(context);
  mkdirSync(join(path, 'd/e'), { recursive: true });
  symlinkSync('d', join(path, 'link'));
  const before = openDescriptors();
  assert.deepEqual(shown(listAt(fd, 'd')), ['e directory']);
  throwsErrno('ENOTDIR', () => listAt(fd, 'link'));
  const file = openAt(fd, 'd/e', 0o10000000);
  throwsErrno('EBADF', () => listFd(file));
  closeFd(file);
  assert.equal(openDescriptors(), before);
});
