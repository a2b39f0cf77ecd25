import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { MemorySnapshotLedger } from '../../../src/ledger/memory.ts';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { Overlay2Snapshotter } from '../../../src/snapshots/drivers/overlay2/overlay2-snapshotter.ts';
import { removeTree } from '../../../src/sys/remove-tree.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs, output } from '../../helpers/needs.ts';

test('files are on disk before their record', { skip: needs('root', 'loop') }, async (context) => {
  using filesystem = mountLoopFilesystem(['mkfs.ext4', '-q']);
  const device = basename(output('findmnt', '-n', '-o', 'SOURCE', filesystem.path).trim());
  // Blocks that were written to the page cache and have no position on the disk yet.
  const pendingBlocks = (): number => Number(readFileSync(`/sys/fs/ext4/${device}/delayed_allocation_blocks`, 'utf8'));
  const ledger = new MemorySnapshotLedger();
  const driver = new Overlay2Snapshotter({ root: filesystem.path, ledger });
  const lease = ledger.lease();
  const write = async (): Promise<string> => {
    const { id } = await driver.prepare(undefined, { lease });
    for (let tries = 0; tries < 10 && pendingBlocks() === 0; tries++)
      writeFileSync(join(driver.ownDirectory(id), 'f'), Buffer.alloc(1 << 20, 'x'));
    assert.ok(pendingBlocks() > 0, 'the test sees what is pending');
    return id;
  };
  const atCommit: number[] = [];
  const commit = ledger.commit.bind(ledger);
  context.mock.method(ledger, 'commit', (...parameters: Parameters<typeof commit>) => {
    atCommit.push(pendingBlocks());
    return commit(...parameters);
  });
  const atPersist: number[] = [];
  const setDurable = ledger.setDurable.bind(ledger);

  await driver.commit(await write(), { lease });
  assert.deepEqual(atCommit, [0]);
  // The kernel may happen to write everything just then.
  let cached = '';
  for (let tries = 0; tries < 10 && (atCommit.at(-1) ?? 0) === 0; tries++) {
    cached = await write();
    await driver.commit(cached, { lease, durable: false });
  }
  assert.ok((atCommit.at(-1) ?? 0) > 0, 'a cached build step waits for no disk');
  context.mock.method(ledger, 'setDurable', (id: string) => {
    atPersist.push(pendingBlocks());
    return setDurable(id);
  });
  await driver.persist(cached);
  assert.deepEqual(atPersist, [0]);
});

test('snapshots that were not made durable are removed with their files after another boot', {
  skip: needs('root'),
}, async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'strata-boot-'));
  context.after(() => removeTree(root));
  const paths = { database: join(root, 'strata.db'), locksDirectory: join(root, 'locks') };
  const folders = (): string[] => readdirSync(join(root, 'snapshots/overlay2')).sort();
  const kept: string[] = [];
  {
    using metadata = await Metadata.open({ ...paths, bootId: 'first' });
    const driver = new Overlay2Snapshotter({ root, ledger: metadata.snapshots });
    await using lease = await metadata.leases.open('test');
    const layer = async (parentId: string | undefined, durable: boolean): Promise<string> => {
      const { id } = await driver.prepare(parentId, { lease });
      return (await driver.commit(id, { lease, durable, flushed: true })).id;
    };
    const base = await layer(undefined, true);
    const cached = await layer(base, false);
    await driver.prepare(cached, { lease });
    const middle = await layer(base, false);
    kept.push(base, middle, await layer(middle, true));
    assert.equal(folders().length, 5);
  }
  using metadata = await Metadata.open({ ...paths, bootId: 'second' });
  const driver = new Overlay2Snapshotter({ root, ledger: metadata.snapshots });
  assert.deepEqual(
    driver
      .list()
      .map(({ id }) => id)
      .sort(),
    kept.sort(),
  );
  const { removed, missing } = await driver.cleanup();
  assert.deepEqual([removed.length, missing], [2, []]);
  assert.deepEqual(folders(), kept);
});
