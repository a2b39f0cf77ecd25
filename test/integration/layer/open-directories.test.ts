import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settleLayer } from '../../../src/layer/apply/settle.ts';
import { OpenDirectories } from '../../../src/layer/open-directories.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../../../src/sys/constants.ts';
import { closeFd, mkdirAt, openAt } from '../../../src/sys/fs-at.ts';
import { statFd } from '../../../src/sys/stat.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { openFiles } from '../../helpers/open-files.ts';

/** Creates directories in each other, `depth` of them; returns their keys, the uppermost first. */
function makeDeep(root: string, depth: number): string[] {
  let fd = openAt(AT_FDCWD, root, O_RDONLY | O_DIRECTORY);
  const keys: string[] = [];
  for (let at = 0; at < depth; at++) {
    mkdirAt(fd, 'd', 0o755);
    const inside = openAt(fd, 'd', O_RDONLY | O_DIRECTORY);
    closeFd(fd);
    fd = inside;
    keys.push(at === 0 ? 'd' : `${keys.at(-1)}/d`);
  }
  closeFd(fd);
  return keys;
}

function timeOf(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

test('going up a deep tree does not start from the root for each directory', (context) => {
  const root = temporaryFolder(context);
  const keys = makeDeep(root, 1000);
  const before = openFiles();
  const fromRoot = timeOf(() => {
    for (let at = 0; at < 60; at++) {
      using directories = new OpenDirectories(root);
      directories.fd(keys.at(-1)!);
    }
  });
  using directories = new OpenDirectories(root);
  const inodes: bigint[] = [];
  const up = timeOf(() => {
    for (const key of keys.toReversed()) inodes.push(statFd(directories.fd(key)).ino);
  });
  assert.equal(new Set(inodes).size, keys.length);
  assert.ok(openFiles() - before < 110);
  // Opened one by one from the root they would take eight times as much.
  assert.ok(up < fromRoot, `${up} ms up, ${fromRoot} ms for 60 ways down`);
  // Each descriptor left open still leads to its directory.
  for (const [at, key] of keys.entries()) assert.equal(statFd(directories.fd(key)).ino, inodes[keys.length - 1 - at]);
});

test('a removed directory is forgotten, even where it was only passed', (context) => {
  const root = temporaryFolder(context);
  const keys = makeDeep(root, 100);
  const before = openFiles();
  {
    using directories = new OpenDirectories(root);
    const gone = keys[90]!;
    directories.fd(keys.at(-1)!);
    for (const key of keys.slice(90).toReversed()) directories.forget(key);
    rmSync(join(root, gone), { recursive: true });
    assert.throws(() => directories.fd(gone), { code: 'ERR_SYSCALL_NOT_FOUND' });
    mkdirSync(join(root, gone, 'new'), { recursive: true });
    // Its inode number may be that of a removed one.
    assert.ok(existsSync(`/proc/self/fd/${directories.fd(gone)}/new`));
    assert.throws(() => directories.fd(`${gone}/d`), { code: 'ERR_SYSCALL_NOT_FOUND' });
  }
  assert.equal(openFiles(), before);
});

test('settling a layer ends when its check throws', (context) => {
  const directory = temporaryFolder(context);
  const keys = makeDeep(directory, 10);
  const implied = keys.map((key) => ({ key, inherits: true, deletionsOnly: true }));
  const notes = { implied, whiteouts: [], rootNamed: true, rootOpaque: false };
  let left = 15;
  const check = (): void => {
    if (--left === 0) throw new Error('enough');
  };
  const job = { directory, notes, lowerDirs: [temporaryFolder(context)], rootless: false };
  assert.throws(() => settleLayer(job, check), /enough/);
});
