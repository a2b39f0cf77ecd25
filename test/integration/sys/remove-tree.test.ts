import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { O_PATH } from '../../../src/sys/constants.ts';
import { closeFd, mkdirAt, openAt } from '../../../src/sys/fs-at.ts';
import { removeTree, removeTreeAt } from '../../../src/sys/remove-tree.ts';
import { makeHostReadOnly } from '../../helpers/make-host-read-only.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

makeHostReadOnly();

test('a file, a symlink itself and a tree are removed, and a missing name is an error', (context) => {
  const { path, fd } = scratchDirectory(context);
  const before = openDescriptors();
  mkdirSync(join(path, 'tree/a/b'), { recursive: true });
  mkdirSync(join(path, 'kept'));
  writeFileSync(join(path, 'kept/file'), '');
  writeFileSync(join(path, 'tree/a/file'), '');
  symlinkSync('../../kept', join(path, 'tree/a/link'));
  symlinkSync('kept', join(path, 'link'));
  removeTreeAt(fd, 'tree');
  removeTreeAt(fd, 'link');
  throwsErrno('ENOENT', () => removeTreeAt(fd, 'link'));
  throwsErrno('ENOTDIR', () => removeTreeAt(fd, 'kept/file/x'));
  removeTree(join(path, 'missing'));
  assert.deepEqual(readdirSync(path), ['kept']);
  removeTree(path + '/kept/file');
  assert.deepEqual(readdirSync(join(path, 'kept')), []);
  assert.equal(openDescriptors(), before);
});

test('a tree deeper than any path, with names in the way, is removed with few descriptors', (context) => {
  const { path, fd } = scratchDirectory(context);
  mkdirAt(fd, 'deep', 0o755);
  mkdirSync(join(path, 'deep/.removing-0'));
  writeFileSync(join(path, 'deep/.removing-1'), '');
  let at = openAt(fd, 'deep', O_PATH);
  for (let i = 0; i < 3000; i++) {
    mkdirAt(at, 'd', 0o755);
    if (i % 100 === 0) mkdirAt(at, 'e', 0o755);
    const next = openAt(at, 'd', O_PATH);
    closeFd(at);
    at = next;
  }
  closeFd(at);
  removeTreeAt(fd, 'deep');
  assert.ok(!existsSync(join(path, 'deep')));
});
