import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY, O_WRONLY } from '../../../src/sys/constants.ts';
import { closeFd, mkdirAt, mknodAt, openAt, symlinkAt } from '../../../src/sys/fs-at.ts';
import { hasSyscall } from '../../../src/sys/has-syscall.ts';
import { RootedTree } from '../../../src/sys/rooted-tree.ts';
import { statFd } from '../../../src/sys/stat.ts';
import { makeHostReadOnly } from '../../helpers/make-host-read-only.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

makeHostReadOnly();

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const hasNoName = (error: unknown): boolean => isStrataError(error, 'ERR_PATH_HAS_NO_NAME');

for (const openat2 of [true, false]) {
  const skip = openat2 && !hasSyscall('openat2') && 'Linux before 5.6';
  describe(openat2 ? 'a rooted tree by openat2' : 'a rooted tree by single steps', { skip }, () => {
    test('parent returns the directory and the name', (context) => {
      const { path } = scratchDirectory(context);
      mkdirSync(join(path, 'a/b'), { recursive: true });
      using tree = RootedTree.open(path, { openat2 });
      for (const [given, directory, name] of [
        ['x', '', 'x'],
        ['/x', '', 'x'],
        ['a/b/c', 'a/b', 'c'],
        ['./a//b/./c//', 'a/b', 'c'],
        ['a/b/../c', 'a', 'c'],
        ['a/missing', 'a', 'missing'],
        ['...', '', '...'],
        ['.x', '', '.x'],
        ['..x', '', '..x'],
      ] as const) {
        const parent = tree.parent(given);
        assert.deepEqual([text(tree.pathOf(parent.fd)), text(parent.name)], [directory, name], given);
      }
      for (const nameless of ['', '/', '.', './', '..', 'a/..', 'a/.', 'a/../']) {
        assert.throws(() => tree.parent(nameless), hasNoName, nameless);
      }
      throwsErrno('ENOENT', () => tree.parent('missing/x'));
      throwsErrno('ENOENT', () => tree.parent('missing/../x'));
      writeFileSync(join(path, 'file'), '');
      throwsErrno('ENOTDIR', () => tree.parent('file/x'));
      throwsErrno('ENAMETOOLONG', () => tree.parent('x/'.repeat(2048)));
    });

    test('names are bytes, and a NUL is refused', (context) => {
      const { path, fd } = scratchDirectory(context);
      mkdirAt(fd, Uint8Array.of(0xff), 0o755);
      using tree = RootedTree.open(path, { openat2 });
      const { name } = tree.parent(Uint8Array.of(0xff, 0x2f, 0xfe));
      assert.deepEqual([...name], [0xfe]);
      assert.throws(
        () => tree.parent('a\0b/c'),
        (error) => isStrataError(error, 'ERR_PATH_HAS_NUL'),
      );
    });

    test('symlinks lead to paths inside only', (context) => {
      const { path } = scratchDirectory(context);
      mkdirSync(join(path, 'a/b'), { recursive: true });
      for (const [name, target] of [
        ['relative', 'a/b'],
        ['absolute', '/a/b'],
        ['climbing', '../../../../a/b'],
        ['a/up', '..'],
        ['twice', 'relative'],
        ['slash', 'a/b/'],
        ['dots', './a/./b/.'],
      ] as const) {
        symlinkSync(target, join(path, name));
      }
      using tree = RootedTree.open(path, { openat2 });
      for (const link of ['relative', 'absolute', 'climbing', 'twice', 'slash', 'dots', 'a/up/relative', 'a/up/a/b']) {
        assert.equal(text(tree.pathOf(tree.directory(link))), 'a/b', link);
        assert.equal(text(tree.pathOf(tree.parent(`${link}/x`).fd)), 'a/b', link);
        const found = tree.resolve(`${link}/`);
        assert.equal(text(tree.pathOf(found)), 'a/b');
        closeFd(found);
      }
      const link = tree.resolve('climbing', { followLast: false });
      assert.equal(statFd(link).type, 'symlink');
      closeFd(link);
      assert.equal(text(tree.pathOf(tree.directory('../../a/up'))), '');
    });

    test('loops and long chains end', (context) => {
      const { path } = scratchDirectory(context);
      symlinkSync('loop', join(path, 'loop'));
      symlinkSync('pong', join(path, 'ping'));
      symlinkSync('ping', join(path, 'pong'));
      mkdirSync(join(path, 'end'));
      symlinkSync('end', join(path, 'l0'));
      for (let i = 1; i <= 40; i++) symlinkSync(`l${i - 1}`, join(path, `l${i}`));
      using tree = RootedTree.open(path, { openat2 });
      for (const create of [undefined, { mode: 0o755 }]) {
        for (const name of ['loop', 'ping', 'l40']) throwsErrno('ELOOP', () => tree.directory(name, create));
        assert.equal(text(tree.pathOf(tree.directory('l39', create))), 'end');
      }
      // 40 hops through targets of 2000 components each: more steps than any real tree takes.
      symlinkSync(`${'./'.repeat(1)}${'a/../'.repeat(800)}b0`, join(path, 'b1'));
      mkdirSync(join(path, 'a'));
      for (let i = 2; i <= 30; i++) symlinkSync(`${'a/../'.repeat(800)}b${i - 1}`, join(path, `b${i}`));
      throwsErrno('ENOENT', () => tree.directory('b1'));
      if (!openat2) throwsErrno('ELOOP', () => tree.directory('b30'));
    });

    test('missing directories are created with exact modes, even where a dangling symlink points', (context) => {
      const { path } = scratchDirectory(context);
      const made: string[] = [];
      using tree = RootedTree.open(path, { openat2 });
      const create = { mode: 0o757, onCreate: (fd: number) => void made.push(text(tree.pathOf(fd))) };
      assert.equal(text(tree.pathOf(tree.parent('a/b/c/file', create).fd)), 'a/b/c');
      assert.deepEqual(made, ['a', 'a/b', 'a/b/c']);
      assert.equal(statSync(join(path, 'a/b')).mode & 0o7777, 0o757);
      assert.equal(text(tree.pathOf(tree.parent('a/b/d/file', create).fd)), 'a/b/d');
      symlinkSync('/run/deep', join(path, 'dangling'));
      symlinkSync('../../../etc/x', join(path, 'a/out'));
      assert.equal(text(tree.pathOf(tree.parent('dangling/lock/file', create).fd)), 'run/deep/lock');
      assert.equal(text(tree.pathOf(tree.directory('a/out', create))), 'etc/x');
      assert.deepEqual(made.slice(3), ['a/b/d', 'run', 'run/deep', 'run/deep/lock', 'etc', 'etc/x']);
      assert.equal(text(tree.pathOf(tree.directory('n/../m', create))), 'm');
      assert.ok(existsSync(join(path, 'n')));
      writeFileSync(join(path, 'file'), '');
      throwsErrno('ENOTDIR', () => tree.parent('file/x', create));
      throwsErrno('ENOTDIR', () => tree.directory('file', create));
      symlinkSync('file', join(path, 'to-file'));
      throwsErrno('ENOTDIR', () => tree.parent('to-file/x', create));
    });

    test('locations stay right while files are added, and are forgotten when a directory is removed', (context) => {
      const { path } = scratchDirectory(context);
      mkdirSync(join(path, 'one'));
      mkdirSync(join(path, 'two'));
      symlinkSync('one', join(path, 'link'));
      using tree = RootedTree.open(path, { openat2 });
      assert.equal(text(tree.pathOf(tree.parent('link/x').fd)), 'one');
      tree.remove(tree.parent('link'));
      symlinkSync('two', join(path, 'link'));
      assert.equal(text(tree.pathOf(tree.parent('link/x').fd)), 'two');
      assert.ok(lstatSync(join(path, 'one')).isDirectory());
      tree.remove(tree.parent('two'));
      throwsErrno('ENOENT', () => tree.parent('link/x'));
      throwsErrno('ENOENT', () => tree.remove(tree.parent('two')));
    });

    test('a location outlives the next 64 lookups, and many directories do not use up the descriptors', (context) => {
      const { path } = scratchDirectory(context);
      using tree = RootedTree.open(path, { openat2 });
      const create = { mode: 0o755 };
      const before = openDescriptors();
      const first = tree.parent('first/x', create);
      for (let i = 0; i < 64; i++) tree.parent(`d${i}/x`, create);
      assert.equal(text(tree.pathOf(first.fd)), 'first');
      for (let i = 0; i < 600; i++) tree.parent(`d${i}/x`, create);
      assert.ok(openDescriptors() - before < 300);
      tree.invalidate();
      assert.equal(openDescriptors(), before);
    });

    test('files are opened, other kinds are refused', (context) => {
      const { path, fd } = scratchDirectory(context);
      writeFileSync(join(path, 'file'), 'content');
      symlinkSync('/file', join(path, 'link'));
      mknodAt(fd, 'fifo', 'fifo', 0o600);
      using tree = RootedTree.open(path, { openat2 });
      const before = openDescriptors();
      for (const name of ['file', 'link', '../file']) {
        const file = tree.openFile(name);
        assert.equal(readFileSync(file, 'latin1'), 'content');
        closeFd(file);
      }
      for (const name of ['fifo', '.', '']) {
        assert.throws(
          () => tree.openFile(name),
          (error) => isStrataError(error, 'ERR_PATH_NOT_A_FILE'),
        );
      }
      throwsErrno('ENOENT', () => tree.openFile('missing'));
      throwsErrno('ELOOP', () => tree.open('link', O_RDONLY | O_NOFOLLOW));
      throwsErrno('ENOTDIR', () => tree.open('file', O_RDONLY | O_DIRECTORY));
      const directory = tree.open('/', O_RDONLY | O_DIRECTORY);
      assert.equal(text(tree.pathOf(directory)), '');
      closeFd(directory);
      assert.throws(() => tree.open('new', O_WRONLY | O_CREAT), /invariant/);
      assert.equal(openDescriptors(), before);
    });

    test('a path of the greatest depth is created and found', (context) => {
      const { path } = scratchDirectory(context);
      using tree = RootedTree.open(path, { openat2 });
      const deep = 'd/'.repeat(2040);
      assert.equal(text(tree.parent(`${deep}file`, { mode: 0o755 }).name), 'file');
      tree.invalidate();
      const found = tree.resolve(deep);
      assert.equal(statFd(found).type, 'directory');
      closeFd(found);
      tree.remove(tree.parent('d'));
      assert.ok(!existsSync(join(path, 'd')));
    });
  });
}

test('close leaves no descriptor', (context) => {
  const { path, fd } = scratchDirectory(context);
  mkdirAt(fd, 'a', 0o755);
  symlinkAt('a', fd, 'link');
  const before = openDescriptors();
  const tree = RootedTree.open(path);
  tree.parent('a/x');
  tree.parent('link/x');
  tree.close();
  assert.equal(openDescriptors(), before);
  throwsErrno('ENOTDIR', () => RootedTree.open('/dev/null'));
  throwsErrno('ENOENT', () => RootedTree.open(join(path, 'missing')));
  assert.equal(readlinkSync(join(path, 'link')), 'a');
  closeFd(openAt(fd, 'a', O_PATH));
});
