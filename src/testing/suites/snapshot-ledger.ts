import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Lease, SnapshotLedger, SnapshotRecord } from '../../ledger/types.ts';
import { type ChainId, parseChainId } from '../../spec/digest.ts';

/** A new, empty ledger to be tested; disposal removes it. */
export interface SnapshotLedgerSubject extends AsyncDisposable {
  readonly ledger: SnapshotLedger;
  /** Returns another live lease each time. */
  lease(): Promise<Lease>;
}

const chain = (digit: string): ChainId => parseChainId(`sha256:${digit.repeat(64)}`);

const record = (id: string, changes: Partial<SnapshotRecord> = {}): SnapshotRecord => ({
  id,
  driver: 'toy',
  kind: 'active',
  parentId: undefined,
  chainId: undefined,
  durable: false,
  createdAt: 1_700_000_000_123,
  labels: {},
  ...changes,
});

const ids = (records: readonly SnapshotRecord[]): string[] => records.map(({ id }) => id);

/**
 * Registers the tests of `node:test` that every ledger of snapshots must pass.
 *
 * @param open opens a new, empty ledger; called once a test
 */
export function snapshotLedgerSuite(name: string, open: () => Promise<SnapshotLedgerSubject>): void {
  const check = (
    title: string,
    body: (ledger: SnapshotLedger, lease: Lease, subject: SnapshotLedgerSubject) => Promise<void>,
  ): void => {
    test(title, async () => {
      await using subject = await open();
      await using lease = await subject.lease();
      await body(subject.ledger, lease, subject);
    });
  };
  const insertCommitted = async (
    ledger: SnapshotLedger,
    id: string,
    lease: Lease,
    chainId?: ChainId,
    parentId?: string,
  ): Promise<SnapshotRecord> => {
    await ledger.insert(record(id, { parentId }), lease);
    return await ledger.commit(id, { chainId, durable: false }, lease);
  };

  describe(`snapshot ledger: ${name}`, () => {
    check('a record is read as it was inserted', async (ledger, lease) => {
      const base = await insertCommitted(ledger, 'base', lease);
      const full = record('full', { parentId: 'base', labels: { a: 'b', ключ: '', ['__proto__']: 'c' } });
      await ledger.insert(full, lease);
      assert.deepEqual(ledger.get('full'), full);
      assert.deepEqual(base, record('base', { kind: 'committed' }));
      assert.equal(ledger.get('absent'), undefined);
    });

    check('an id is used once, and a parent must exist', async (ledger, lease) => {
      await ledger.insert(record('a'), lease);
      await assert.rejects(() => ledger.insert(record('a'), lease), {
        code: 'ERR_SNAPSHOT_EXISTS',
        kind: 'already-exists',
      });
      const orphan = record('b', { parentId: 'nowhere' });
      await assert.rejects(() => ledger.insert(orphan, lease), { code: 'ERR_SNAPSHOT_NOT_FOUND', kind: 'not-found' });
      assert.equal(ledger.get('b'), undefined);
    });

    check('commit makes an active record committed, once', async (ledger, lease) => {
      await ledger.insert(record('a'), lease);
      const done = await ledger.commit('a', { chainId: chain('a'), durable: false }, lease);
      assert.deepEqual(done, record('a', { kind: 'committed', chainId: chain('a') }));
      assert.deepEqual(ledger.get('a'), done);
      const again = { code: 'ERR_SNAPSHOT_NOT_ACTIVE', kind: 'failed-precondition' };
      await assert.rejects(() => ledger.commit('a', { durable: false }, lease), again);
      await assert.rejects(() => ledger.commit('zz', { durable: false }, lease), { code: 'ERR_SNAPSHOT_NOT_FOUND' });
      await ledger.insert(record('v', { kind: 'view', parentId: 'a' }), lease);
      await assert.rejects(() => ledger.commit('v', { durable: false }, lease), again);
    });

    check('a second commit of a chainID discards its copy and returns the existing one', async (ledger, lease) => {
      await insertCommitted(ledger, 'first', lease, chain('a'));
      await ledger.insert(record('second'), lease);
      assert.equal((await ledger.commit('second', { chainId: chain('a'), durable: false }, lease)).id, 'first');
      assert.equal(ledger.get('second'), undefined);
      assert.equal((await insertCommitted(ledger, 'other', lease, chain('b'))).id, 'other');
    });

    check('drivers do not share chainIDs, and records without one never collide', async (ledger, lease) => {
      await insertCommitted(ledger, 'one', lease, chain('a'));
      await ledger.insert(record('two', { driver: 'other' }), lease);
      assert.equal((await ledger.commit('two', { chainId: chain('a'), durable: false }, lease)).id, 'two');
      assert.equal((await insertCommitted(ledger, 'three', lease)).id, 'three');
      assert.equal((await insertCommitted(ledger, 'four', lease)).id, 'four');
      assert.equal((await ledger.findByChainId('toy', chain('a'), lease))?.id, 'one');
      assert.equal((await ledger.findByChainId('other', chain('a'), lease))?.id, 'two');
      assert.equal(await ledger.findByChainId('toy', chain('c'), lease), undefined);
    });

    check('only committed records are found by chainID', async (ledger, lease) => {
      await ledger.insert(record('a', { chainId: chain('a') }), lease);
      assert.equal(await ledger.findByChainId('toy', chain('a'), lease), undefined);
    });

    check('commit can give a parent', async (ledger, lease) => {
      await insertCommitted(ledger, 'base', lease, chain('a'));
      await ledger.insert(record('top'), lease);
      assert.equal((await ledger.commit('top', { durable: false, parentId: 'base' }, lease)).parentId, 'base');
      await assert.rejects(() => ledger.remove('base', lease), { code: 'ERR_SNAPSHOT_IN_USE' });
      await ledger.insert(record('lost'), lease);
      await assert.rejects(() => ledger.commit('lost', { durable: false, parentId: 'nowhere' }, lease), {
        code: 'ERR_SNAPSHOT_NOT_FOUND',
      });
      assert.equal(ledger.get('lost')?.kind, 'active');
    });

    check('a chainID found later', async (ledger, lease) => {
      await insertCommitted(ledger, 'a', lease);
      assert.equal((await ledger.setChainId('a', chain('a'), lease)).chainId, chain('a'));
      assert.equal((await ledger.setChainId('a', chain('a'), lease)).id, 'a');
      await insertCommitted(ledger, 'b', lease);
      assert.equal((await ledger.setChainId('b', chain('a'), lease)).id, 'a');
      assert.equal(ledger.get('b')?.chainId, undefined);
      await assert.rejects(() => ledger.setChainId('zz', chain('b'), lease), { code: 'ERR_SNAPSHOT_NOT_FOUND' });
    });

    check('durability reaches all ancestors', async (ledger, lease) => {
      await insertCommitted(ledger, 'a', lease);
      await insertCommitted(ledger, 'b', lease, undefined, 'a');
      await insertCommitted(ledger, 'c', lease, undefined, 'b');
      await insertCommitted(ledger, 'aside', lease, undefined, 'a');
      assert.equal((await ledger.setDurable('b')).durable, true);
      const durable = (): string[] => ids(ledger.list().filter((found) => found.durable)).sort();
      assert.deepEqual(durable(), ['a', 'b']);
      await ledger.insert(record('d', { parentId: 'c' }), lease);
      assert.equal((await ledger.commit('d', { durable: true }, lease)).durable, true);
      assert.deepEqual(durable(), ['a', 'b', 'c', 'd']);
      await assert.rejects(() => ledger.setDurable('zz'), { code: 'ERR_SNAPSHOT_NOT_FOUND' });
    });

    check('a durable commit onto an existing record makes that one durable', async (ledger, lease) => {
      await insertCommitted(ledger, 'first', lease, chain('a'));
      await ledger.insert(record('second'), lease);
      assert.deepEqual(
        await ledger.commit('second', { chainId: chain('a'), durable: true }, lease),
        record('first', { kind: 'committed', chainId: chain('a'), durable: true }),
      );
    });

    check('labels are replaced as a whole', async (ledger, lease) => {
      await ledger.insert(record('a', { labels: { x: '1', y: '2' } }), lease);
      assert.deepEqual((await ledger.setLabels('a', { z: '3' })).labels, { z: '3' });
      assert.deepEqual(ledger.get('a')?.labels, { z: '3' });
      await assert.rejects(() => ledger.setLabels('zz', {}), { code: 'ERR_SNAPSHOT_NOT_FOUND' });
    });

    check('a parent cannot be removed', async (ledger, lease) => {
      await insertCommitted(ledger, 'a', lease);
      await ledger.insert(record('b', { parentId: 'a' }), lease);
      await assert.rejects(() => ledger.remove('a', lease), { code: 'ERR_SNAPSHOT_IN_USE', kind: 'conflict' });
      await ledger.remove('b', lease);
      await ledger.remove('a', lease);
      await ledger.remove('a', lease);
      assert.deepEqual(ledger.list(), []);
    });

    check('a committed record that another lease pins cannot be removed', async (ledger, lease, subject) => {
      await insertCommitted(ledger, 'a', lease, chain('a'));
      const other = await subject.lease();
      assert.equal((await ledger.findByChainId('toy', chain('a'), other))?.id, 'a');
      await assert.rejects(() => ledger.remove('a', lease), { code: 'ERR_SNAPSHOT_IN_USE' });
      await assert.rejects(() => ledger.remove('a'), { code: 'ERR_SNAPSHOT_IN_USE' });
      await ledger.insert(record('mine'), other);
      await ledger.remove('mine');
      assert.equal(ledger.get('mine'), undefined, 'an active record can be removed without its lease');
    });

    check('lists come in order and by filter', async (ledger, lease) => {
      await insertCommitted(ledger, 'z', lease);
      await ledger.insert(record('m', { parentId: 'z' }), lease);
      await ledger.insert(record('a', { parentId: 'z' }), lease);
      await ledger.insert(record('o', { driver: 'other' }), lease);
      assert.deepEqual(ids(ledger.list()), ['z', 'm', 'a', 'o']);
      assert.deepEqual(ids(ledger.list({ driver: 'toy' })), ['z', 'm', 'a']);
      assert.deepEqual(ids(ledger.list({ parentId: 'z' })), ['m', 'a']);
      assert.deepEqual(ids(ledger.list({ driver: 'other', parentId: 'z' })), []);
    });
  });
}
