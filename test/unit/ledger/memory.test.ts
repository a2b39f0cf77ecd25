import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemorySnapshotLedger } from '../../../src/ledger/memory.ts';
import { snapshotLedgerSuite } from '../../../src/testing/suites/snapshot-ledger.ts';

snapshotLedgerSuite('memory', async () => {
  const ledger = new MemorySnapshotLedger();
  return { ledger, lease: async () => ledger.lease(), [Symbol.asyncDispose]: async () => {} };
});

test('a lease shows what it pins and lets go when disposed', async () => {
  const ledger = new MemorySnapshotLedger();
  const lease = ledger.lease();
  const base = { driver: 'toy', parentId: undefined, chainId: undefined, durable: false, createdAt: 0, labels: {} };
  await ledger.insert({ ...base, id: 'a', kind: 'active' }, lease);
  assert.deepEqual([...ledger.pinsOf(lease)], ['a']);
  await ledger.commit('a', { durable: true }, lease);
  await assert.rejects(() => ledger.remove('a'), { code: 'ERR_SNAPSHOT_IN_USE' });
  await lease[Symbol.asyncDispose]();
  assert.equal(ledger.pinsOf(lease).size, 0);
  await ledger.remove('a');
});
