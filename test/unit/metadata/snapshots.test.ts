import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { SnapshotRecord } from '../../../src/ledger/types.ts';
import { snapshotLedgerSuite } from '../../../src/testing/suites/snapshot-ledger.ts';
import { newStore, openStore, temporaryRoot } from './open-store.ts';

snapshotLedgerSuite('SQLite', async () => {
  const root = mkdtempSync(join(tmpdir(), 'strata-ledger-'));
  const store = await openStore(root);
  return {
    ledger: store.metadata.snapshots,
    lease: () => store.metadata.leases.open('test'),
    [Symbol.asyncDispose]: async () => {
      store[Symbol.dispose]();
      rmSync(root, { recursive: true });
    },
  };
});

const record = (id: string, parentId?: string): SnapshotRecord => ({
  id,
  driver: 'toy',
  kind: 'active',
  parentId,
  chainId: undefined,
  durable: false,
  createdAt: 0,
  labels: {},
});

describe('records of an earlier boot', () => {
  test('committed records that were not durable are removed, with their descendants; the rest stays', async (context) => {
    const root = temporaryRoot(context);
    {
      using store = await openStore(root, { bootId: 'first' });
      const { leases, snapshots } = store.metadata;
      await using lease = await leases.open('build');
      const commit = async (id: string, durable: boolean, parentId?: string): Promise<void> => {
        await snapshots.insert(record(id, parentId), lease);
        await snapshots.commit(id, { durable }, lease);
      };
      await commit('image', true);
      await commit('step', false, 'image');
      await commit('step on step', false, 'step');
      await snapshots.insert(record('working', 'step on step'), lease);
      await snapshots.insert(record('container', 'image'), lease);
      await commit('later made durable', false, 'image');
      await snapshots.setDurable('later made durable');
    }
    const all = ['container', 'image', 'later made durable', 'step', 'step on step', 'working'];
    const standing = async (boot: string): Promise<string[]> => {
      using store = await openStore(root, { bootId: boot });
      return store.metadata.snapshots
        .list()
        .map(({ id }) => id)
        .sort();
    };
    assert.deepEqual(await standing('first'), all, 'the same boot keeps them');
    assert.deepEqual(await standing('second'), ['container', 'image', 'later made durable']);
    assert.deepEqual(await standing('second'), ['container', 'image', 'later made durable']);
  });

  test('an active record of an earlier boot that is committed now counts from now', async (context) => {
    const root = temporaryRoot(context);
    {
      using store = await openStore(root, { bootId: 'first' });
      await using lease = await store.metadata.leases.open('container');
      await store.metadata.snapshots.insert(record('container'), lease);
    }
    using store = await openStore(root, { bootId: 'second' });
    await using lease = await store.metadata.leases.open('commit');
    await store.metadata.snapshots.commit('container', { durable: false }, lease);
    const { db, snapshots } = store.metadata;
    assert.equal(await db.transact(() => snapshots.dropFromEarlierBoots()), 0);
    assert.equal(store.metadata.snapshots.get('container')?.kind, 'committed');
  });
});

test('a container and a build record keep a snapshot from being removed', async (context) => {
  const { metadata } = await newStore(context);
  const { db, snapshots, containers, builds } = metadata;
  await using lease = await metadata.leases.open('test');
  await snapshots.insert(record('a'), lease);
  await db.transact(() => containers.insert({ id: 'c1', name: 'one', imageId: undefined, snapshotId: 'a', state: {} }));
  await assert.rejects(() => snapshots.remove('a', lease), { code: 'ERR_SNAPSHOT_IN_USE', message: /container c1/ });
  await db.transact(() => containers.remove('c1'));
  await builds.put(
    { id: 'k', key: 'k', description: '', result: {}, sizeBytes: 0, links: [{ kind: 'snapshot', key: 'a' }] },
    lease,
  );
  await assert.rejects(() => snapshots.remove('a', lease), { code: 'ERR_SNAPSHOT_IN_USE', message: /build k/ });
});

test('a lease that has ended cannot pin', async (context) => {
  const { metadata } = await newStore(context);
  const lease = await metadata.leases.open('test');
  await lease[Symbol.asyncDispose]();
  await assert.rejects(() => metadata.snapshots.insert(record('a'), lease), { code: 'ERR_LEASE_ENDED' });
  assert.equal(metadata.snapshots.get('a'), undefined);
});
