import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SnapshotWorkspace } from '../../../src/builder/ops/snapshot-workspace.ts';
import { needs } from '../../helpers/needs.ts';
import { openStoreAt } from '../../helpers/open-store-at.ts';
import { storeRoot } from '../../helpers/store-root.ts';

test('a full disk is reported, and leaves no snapshot, even when nothing can be mounted any more', {
  skip: needs('root', 'overlay'),
}, async (context) => {
  await using store = openStoreAt(storeRoot(context));
  await store.openForWriting();
  await using lease = await store.metadata.leases.open('test');
  const trees = {
    open: store.trees.open.bind(store.trees),
    openChanges: async () => Promise.reject(new Error('cannot be mounted')),
  };
  const { snapshotter } = await store.openDriver();
  const workspace = new SnapshotWorkspace({ snapshotter, trees, lease });
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 });
  const change = async (): Promise<void> => Promise.reject(full);
  await assert.rejects(workspace.change(undefined, change, { signal: new AbortController().signal }), full);
  assert.deepEqual(snapshotter.list(), []);
});
