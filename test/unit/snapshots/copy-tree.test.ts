import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { copyTree } from '../../../src/snapshots/copy-tree.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { closeFd, linkAt, mkdirAt, openAt } from '../../../src/sys/fs-at.ts';
import { removeTree } from '../../../src/sys/remove-tree.ts';
import { listTree } from '../../../src/testing/list-tree.ts';
import {
  chmod,
  chown,
  directory,
  hardlink,
  node,
  symlink,
  type TreeChange,
  touch,
  write,
  xattr,
} from '../../../src/testing/tree-changes.ts';
import { needs, output } from '../../helpers/needs.ts';

function folders(context: TestContext): { from: string; to: string } {
  const root = mkdtempSync(join(tmpdir(), 'strata-copy-'));
  context.after(() => removeTree(root));
  const [from, to] = [join(root, 'from'), join(root, 'to')];
  mkdirSync(from);
  mkdirSync(to);
  return { from, to };
}

const everything: readonly TreeChange[] = [
  directory('d', 0o2750),
  chown('d', 5, 6),
  xattr('d', 'user.on-directory', '\0binary\xff'),
  write('d/setuid', 'x', 0o755),
  chown('d/setuid', 7, 8),
  chmod('d/setuid', 0o4711),
  xattr('d/setuid', 'security.capability', '\u0001\0\0\u0002\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0'),
  write('d/none', '', 0),
  symlink('../nowhere/\u0001', 'd/link'),
  chown('d/link', 9, 9),
  xattr('d/link', 'trusted.on-link', 'yes'),
  node('d/null', 'character-device', 1, 3),
  node('d/block', 'block-device', 259, 1_000_000),
  node('d/pipe', 'fifo'),
  node('d/socket', 'socket'),
  chown('d/pipe', 1, 2),
  hardlink('d/setuid', 'again'),
  hardlink('d/link', 'link-again'),
  hardlink('d/null', 'null-again'),
  directory('d/deeper', 0o1777),
  hardlink('d/setuid', 'd/deeper/third'),
  directory('closed', 0),
  ...['d/setuid', 'd/none', 'd/link', 'd/null', 'd/pipe', 'd/deeper', 'd', 'closed'].map((path, index) =>
    touch(path, 1_000_000_000 + index, 123_456_789 + index),
  ),
  touch('.', -5, 999_999_999),
  chmod('.', 0o711),
  chown('.', 3, 4),
];

test('copies every type of file with all its attributes', { skip: needs('root') }, async (context) => {
  const { from, to } = folders(context);
  for (const change of everything) await change(from);
  await copyTree(from, to);
  assert.deepEqual(listTree(to), listTree(from));
  assert.equal(statSync(join(to, 'again')).nlink, 3);
});

test('copies as cp -a does', { skip: needs('root') }, async (context) => {
  const { from, to } = folders(context);
  output('cp', '-a', join(import.meta.dirname, '../../../src/archive'), '/etc/alternatives', from);
  await copyTree(from, to);
  output('diff', '-r', '--no-dereference', from, to);
  assert.deepEqual(listTree(to), listTree(from));
});

test('holes stay holes', async (context) => {
  const { from, to } = folders(context);
  writeFileSync(join(from, 'sparse'), 'head');
  truncateSync(join(from, 'sparse'), 1 << 28);
  await copyTree(from, to);
  const copy = statSync(join(to, 'sparse'));
  assert.equal(copy.size, 1 << 28);
  assert.ok(copy.blocks * 512 < 1 << 20, `${copy.blocks} blocks`);
});

test('a tree deeper than files may be open, with a hard link deeper than a path can say', async (context) => {
  const { from, to } = folders(context);
  writeFileSync(join(from, 'top'), 'x');
  const depth = 700;
  let fd = openAt(AT_FDCWD, from, 0);
  const rootFd = openAt(AT_FDCWD, from, 0);
  for (let i = 0; i < depth; i++) {
    mkdirAt(fd, 'deeper', 0o755);
    const next = openAt(fd, 'deeper', 0);
    closeFd(fd);
    fd = next;
    if (i === 100 || i === depth - 1) linkAt(rootFd, 'top', fd, 'link');
  }
  closeFd(fd);
  closeFd(rootFd);
  await copyTree(from, to);
  assert.equal(output('find', to, '-name', 'link').trim().split('\n').length, 2);
  assert.equal(output('find', to, '-type', 'd').trim().split('\n').length, depth + 1);
});

test('stops on an abort, between two batches and inside a large file', async (context) => {
  const { from, to } = folders(context);
  for (let i = 0; i < 250; i++) writeFileSync(join(from, `f${i}`), '');
  const controller = new AbortController();
  const reason = new Error('stop');
  const copying = copyTree(from, to, { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(copying, (error) => error === reason);
  assert.ok(readdirSync(to).length < 250);
});

test('leaves no descriptor open, also when it fails', async (context) => {
  const { from, to } = folders(context);
  mkdirSync(join(from, 'a/b/c'), { recursive: true });
  writeFileSync(join(from, 'a/b/c/f'), '');
  const open = (): number => readdirSync('/proc/self/fd').length;
  const before = open();
  await copyTree(from, to);
  await assert.rejects(copyTree(from, to), { kind: 'already-exists' });
  await assert.rejects(copyTree(join(from, 'absent'), to), { kind: 'not-found' });
  assert.equal(open(), before);
});

test('laid over another tree: directories are merged and take the new attributes, all else gives way, the root stays', {
  skip: needs('root'),
}, async (context) => {
  const { from, to } = folders(context);
  const changes = async (root: string, all: readonly TreeChange[]): Promise<void> => {
    for (const change of all) await change(root);
  };
  await changes(to, [
    directory('both', 0o700),
    xattr('both', 'user.old', 'x'),
    write('both/old', 'o'),
    write('both/file', 'old'),
    directory('dir'),
    write('dir/inside', 'i'),
    write('file', 'f'),
    symlink('both', 'link'),
    chmod('.', 0o711),
  ]);
  await changes(from, [
    directory('both', 0o755),
    xattr('both', 'user.new', 'y'),
    write('both/file', 'new'),
    hardlink('both/file', 'dir'),
    directory('file', 0o750),
    directory('link'),
    write('link/inside', 'i'),
    chmod('.', 0o700),
  ]);
  await copyTree(from, to, { over: true });
  assert.deepEqual(listTree(to), [
    './ 0711',
    'both/ user.new="y"',
    'both/file "new"',
    'both/old "o"',
    'dir = both/file',
    'file/ 0750',
    'link/',
    'link/inside "i"',
  ]);
  assert.deepEqual(statSync(join(to, 'both')).mtime, statSync(join(from, 'both')).mtime);
});
