import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { treeUsage } from '../../../src/snapshots/tree-usage.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { closeFd, mkdirAt, openAt } from '../../../src/sys/fs-at.ts';
import { removeTree } from '../../../src/sys/remove-tree.ts';
import { output } from '../../helpers/needs.ts';

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-usage-'));
  context.after(() => removeTree(path));
  return path;
}

test('counts as du does: blocks, hard links once, holes not, no symlink followed', async (context) => {
  const root = folder(context);
  mkdirSync(join(root, 'a/b'), { recursive: true });
  for (let i = 0; i < 40; i++) writeFileSync(join(root, 'a', `f${i}`), 'x'.repeat(i * 500));
  linkSync(join(root, 'a/f39'), join(root, 'a/b/again'));
  writeFileSync(join(root, 'sparse'), '');
  truncateSync(join(root, 'sparse'), 1 << 30);
  symlinkSync('/usr', join(root, 'usr'));
  symlinkSync('x'.repeat(2000), join(root, 'long'));
  const [bytes] = output('du', '-s', '--block-size=1', root).split('\t');
  const [inodes] = output('du', '-s', '--inodes', root).split('\t');
  assert.deepEqual(await treeUsage(root), { sizeBytes: Number(bytes), inodes: Number(inodes) });
});

test('goes deeper than files may be open or a path can say', async (context) => {
  const root = folder(context);
  const depth = 700;
  let fd = openAt(AT_FDCWD, root, 0);
  for (let i = 0; i < depth; i++) {
    mkdirAt(fd, 'deeper', 0o755);
    const next = openAt(fd, 'deeper', 0);
    closeFd(fd);
    fd = next;
  }
  closeFd(fd);
  assert.equal((await treeUsage(root)).inodes, depth + 1);
});

test('a directory moved away meanwhile ends the count instead of leading it elsewhere', async (context) => {
  const root = folder(context);
  const names = Array.from({ length: 80 }, (_, index) => `d${index}`);
  mkdirSync(join(root, 'in', ...names), { recursive: true });
  for (let i = 0; i < 1200; i++) writeFileSync(join(root, 'in', ...names, `f${i}`), '');
  const counting = treeUsage(join(root, 'in'));
  renameSync(join(root, 'in/d0/d1'), join(root, 'out'));
  await assert.rejects(counting, { code: 'ERR_TREE_CHANGED', kind: 'unavailable' });
});

test('a directory removed after it was opened holds nothing', async (context) => {
  const root = folder(context);
  mkdirSync(join(root, 'gone'));
  const fd = openAt(AT_FDCWD, join(root, 'gone'), 0);
  context.after(() => closeFd(fd));
  rmdirSync(join(root, 'gone'));
  assert.equal((await treeUsage(`/proc/self/fd/${fd}/.`)).inodes, 1);
});

test('stops on an abort, between two batches', async (context) => {
  const root = folder(context);
  for (let i = 0; i < 1200; i++) writeFileSync(join(root, `f${i}`), '');
  const controller = new AbortController();
  const counting = treeUsage(root, { signal: controller.signal });
  const reason = new Error('stop');
  controller.abort(reason);
  await assert.rejects(counting, (error) => error === reason);
});
