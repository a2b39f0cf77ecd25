// A driver that is no part of Strata passes the suite of those that are.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { snapshotterSuite } from '../../../src/testing/index.ts';
import { Ext4Snapshotter } from '../../helpers/ext4-driver/driver.ts';
import { mountHidden } from '../../helpers/mount-tree.ts';
import { needs, output } from '../../helpers/needs.ts';
import { inMemory } from '../../helpers/snapshotter-subject.ts';

suite('ext4', { skip: needs('root', 'loop', 'mkfs.ext4', 'losetup') }, () => {
  const roots: string[] = [];
  const open = () =>
    inMemory((options) => {
      roots.push(options.root);
      return new Ext4Snapshotter(options);
    });

  snapshotterSuite({ name: 'ext4', open, mount: mountHidden, depths: [2, 10] });

  test('a snapshot whose files are gone is not whole, and gets those of the next of its chain', async () => {
    await using subject = await open();
    const { snapshotter, ledger } = subject;
    await using lease = await subject.lease();
    const chainId = `sha256:${'a'.repeat(64)}` as const;
    const commit = async (): Promise<string> => {
      const { id } = await snapshotter.prepare(undefined, { lease });
      return (await snapshotter.commit(id, { lease, chainId: chainId as never, durable: false })).id;
    };
    const standing = await commit();
    rmSync(join(roots.at(-1) ?? '', 'snapshots/ext4', standing));
    assert.equal(await snapshotter.isWhole(standing), false);
    assert.equal(await commit(), standing);
    assert.equal(await snapshotter.isWhole(standing), true);
    assert.deepEqual(
      ledger.list().map(({ id }) => id),
      [standing],
    );
  });

  test('no device is left set up', () => {
    const left = output('losetup', '--list', '--noheadings', '--output', 'BACK-FILE');
    assert.deepEqual(
      roots.filter((root) => left.includes(root)),
      [],
    );
  });
});
