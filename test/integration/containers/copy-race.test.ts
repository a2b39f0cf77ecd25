// A second process exchanges a directory of a container and a symlink to the host, as fast as the kernel lets it, while
// this one copies in and out below the name (CVE-2018-15664).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { archiveSource } from '../../../src/engine/containers/copy/archive-source.ts';
import { parseCopyPath } from '../../../src/engine/containers/copy/copy-path.ts';
import { findDestination } from '../../../src/engine/containers/copy/destination.ts';
import { copyNotFound } from '../../../src/engine/containers/copy/failures.ts';
import { findSource } from '../../../src/engine/containers/copy/source.ts';
import { unpackCopy } from '../../../src/engine/containers/copy/unpack-copy.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { closeFd } from '../../../src/sys/fs-at.ts';
import { RootedTree } from '../../../src/sys/rooted-tree.ts';
import { makeHostReadOnly } from '../../helpers/make-host-read-only.ts';
import { isSoak } from '../../helpers/random.ts';
import { outsideOf, rootBesideCanary } from '../sys/canary.ts';

makeHostReadOnly();

const tries = isSoak ? 3000 : 200;
const missingError = (): ReturnType<typeof copyNotFound> => copyNotFound('not there', 'Check the path.');
const torn = (): Error => new Error('no file becomes shorter here');

/** Runs the action; returns false for failures that the swapping may rightly cause. */
async function tryAction(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (isStrataError(error) || ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

for (const target of ['../victim', '/../../victim', '@/victim']) {
  test(`copies below a directory that is swapped for a symlink to ${target} stay inside`, async (t) => {
    const { root, outside, before } = rootBesideCanary(t);
    mkdirSync(join(root, 'd/sub'), { recursive: true });
    for (const name of ['d/file', 'd/sub/file']) writeFileSync(join(root, name), 'of the container');
    symlinkSync(target.replace('@', outside), join(root, 'evil'));
    mkdirSync(join(root, 'given'));
    writeFileSync(join(root, 'given/file'), 'of the container');
    const script = join(import.meta.dirname, '../sys/swap.fixture.ts');
    const child = spawn(process.execPath, [script, root, 'd', 'evil'], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');

    const done = { in: 0, out: 0 };
    // Scheduling decides which of the two is found.
    for (let i = 0; i < tries || ((done.in === 0 || done.out === 0) && i < 100_000); i++) {
      using tree = RootedTree.open(root);
      const wayIn = async (): Promise<void> => {
        using source = findSource(tree, parseCopyPath('/given', '/'), { followLink: false, missing: missingError });
        const to = parseCopyPath(['/d/sub', '/d/file', '/d'][i % 3] ?? '', '/');
        const found = findDestination(
          tree,
          to,
          { name: 'given', isDirectory: true },
          { missing: missingError, unfit: 'unfit' },
        );
        try {
          await unpackCopy(archiveSource(source, found.name, torn), found.fd, { mounted: missingError });
        } finally {
          closeFd(found.fd);
        }
      };
      if (await tryAction(wayIn)) done.in++;
      const wayOut = async (): Promise<void> => {
        const from = parseCopyPath(['/d/file', '/d/passwd', '/d', '/'][i % 4] ?? '', '/');
        using source = findSource(tree, from, { followLink: i % 8 < 4, missing: missingError });
        const chunks = [...archiveSource(source, undefined, torn)];
        assert.ok(!Buffer.concat(chunks).includes("the host's"), 'nothing of the host is read');
      };
      if (await tryAction(wayOut)) done.out++;
    }
    writeFileSync(join(root, 'stop'), '');
    await once(child, 'exit');
    assert.ok(done.in > 0 && done.out > 0, JSON.stringify(done));
    assert.deepEqual(outsideOf(outside), before, 'nothing of the host is written');
  });
}
