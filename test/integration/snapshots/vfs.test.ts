import assert from 'node:assert/strict';
import { readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { VfsSnapshotter } from '../../../src/snapshots/drivers/vfs/vfs-snapshotter.ts';
import { openTree } from '../../../src/snapshots/open-tree.ts';
import { syncFilesystem } from '../../../src/sys/syncfs.ts';
import { openInMemory, snapshotterSuite } from '../../../src/testing/index.ts';
import { type LoopFilesystem, mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { mountTree } from '../../helpers/mount-tree.ts';
import { needs } from '../../helpers/needs.ts';

suite('vfs', { skip: needs('root') }, () => {
  snapshotterSuite({
    name: 'vfs',
    open: () => openInMemory(async (options) => new VfsSnapshotter(options)),
  });

  test('an abort in the middle of a copy leaves neither record nor directory', async () => {
    let root = '';
    await using subject = await openInMemory(async (options) => {
      root = options.root;
      return new VfsSnapshotter(options);
    });
    const { snapshotter, ledger } = subject;
    await using lease = await subject.lease();
    const base = await snapshotter.prepare(undefined, { lease });
    await using tree = await openTree(snapshotter, base.id, { access: 'write' });
    for (let i = 0; i < 1000; i++) writeFileSync(join(tree.path, `f${i}`), '');
    await snapshotter.commit(base.id, { lease, durable: false });
    const controller = new AbortController();
    const copying = snapshotter.prepare(base.id, { lease, signal: controller.signal });
    setImmediate(() => controller.abort(new Error('stop')));
    await assert.rejects(copying, /stop/);
    assert.deepEqual(readdirSync(join(root, 'snapshots/vfs')), [base.id]);
    assert.equal(ledger.list().length, 1);
    const [trash] = readdirSync(join(root, 'trash'));
    assert.ok(readdirSync(join(root, 'trash', trash ?? '', 'fs')).length > 0, 'the copy had begun');
  });
});

suite('vfs on btrfs', { skip: needs('root', 'loop', 'btrfs', 'mkfs.btrfs') }, () => {
  let filesystem: LoopFilesystem;
  before(() => {
    filesystem = mountLoopFilesystem(['mkfs.btrfs', '-q'], { megabytes: 256 });
  });
  after(() => filesystem[Symbol.dispose]());

  snapshotterSuite({
    name: 'vfs on btrfs',
    open: () => openInMemory(async (options) => new VfsSnapshotter(options), filesystem.path),
    mount: mountTree,
  });

  test('a copy shares its contents with the original', async () => {
    await using subject = await openInMemory(async (options) => new VfsSnapshotter(options), filesystem.path);
    const { snapshotter } = subject;
    await using lease = await subject.lease();
    assert.equal(snapshotter.capabilities.reflink, true);
    const base = await snapshotter.prepare(undefined, { lease });
    await using tree = await openTree(snapshotter, base.id, { access: 'write' });
    writeFileSync(join(tree.path, 'large'), Buffer.alloc(16 << 20, 'x'));
    await snapshotter.commit(base.id, { lease });
    const usedBytes = async (): Promise<number> => {
      await syncFilesystem(filesystem.path);
      const { blocks, bfree, bsize } = statfsSync(filesystem.path);
      return (blocks - bfree) * bsize;
    };
    const before = await usedBytes();
    for (let i = 0; i < 5; i++) await snapshotter.prepare(base.id, { lease });
    const more = (await usedBytes()) - before;
    assert.ok(more < 4 << 20, `${more} more bytes for five copies of 16 MiB`);
  });
});
