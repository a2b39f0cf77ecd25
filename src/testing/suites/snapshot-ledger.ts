import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Lease, SnapshotLedger, SnapshotRecord } from '../../ledger/types.ts';
import { type ChainId, parseChainId } from '../../spec/digest.ts';

/** One fresh, empty ledger to be judged; disposal removes it. */
export interface SnapshotLedgerSubject extends AsyncDisposable {
  readonly ledger: SnapshotLedger;
  lease(): Lease;
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

/** What every ledger of snapshots has to do, as tests of `node:test`. `open` is called once a test. */
export function snapshotLedgerSuite(name: string, open: () => Promise<SnapshotLedgerSubject>): void {
  const check = (
    title: string,
    body: (ledger: SnapshotLedger, lease: Lease, subject: SnapshotLedgerSubject) => void,
  ): void => {
    test(title, async () => {
      await using subject = await open();
      await using lease = subject.lease();
      body(subject.ledger, lease, subject);
    });
  };
  const committed = (
    ledger: SnapshotLedger,
    id: string,
    lease: Lease,
    chainId?: ChainId,
    parentId?: string,
  ): SnapshotRecord => {
    ledger.insert(record(id, { parentId }), lease);
    return ledger.commit(id, { chainId, durable: false }, lease);
  };

  describe(`snapshot ledger: ${name}`, () => {
    check('a record comes back as it went in', (ledger, lease) => {
      const base = committed(ledger, 'base', lease);
      const full = record('full', { parentId: 'base', labels: { a: 'b', ключ: '', ['__proto__']: 'c' } });
      ledger.insert(full, lease);
      assert.deepEqual(ledger.get('full'), full);
      assert.deepEqual(base, record('base', { kind: 'committed' }));
      assert.equal(ledger.get('absent'), undefined);
    });

    check('an id is used once, and a parent must be there', (ledger, lease) => {
      ledger.insert(record('a'), lease);
      assert.throws(() => ledger.insert(record('a'), lease), { code: 'ERR_SNAPSHOT_EXISTS', kind: 'already-exists' });
      const orphan = record('b', { parentId: 'nowhere' });
      assert.throws(() => ledger.insert(orphan, lease), { code: 'ERR_SNAPSHOT_NOT_FOUND', kind: 'not-found' });
      assert.equal(ledger.get('b'), undefined);
    });

    check('commit makes an active record committed, once', (ledger, lease) => {
      ledger.insert(record('a'), lease);
      const done = ledger.commit('a', { chainId: chain('a'), durable: false }, lease);
      assert.deepEqual(done, record('a', { kind: 'committed', chainId: chain('a') }));
      assert.deepEqual(ledger.get('a'), done);
      const again = { code: 'ERR_SNAPSHOT_NOT_ACTIVE', kind: 'failed-precondition' };
      assert.throws(() => ledger.commit('a', { durable: false }, lease), again);
      assert.throws(() => ledger.commit('zz', { durable: false }, lease), { code: 'ERR_SNAPSHOT_NOT_FOUND' });
      ledger.insert(record('v', { kind: 'view', parentId: 'a' }), lease);
      assert.throws(() => ledger.commit('v', { durable: false }, lease), again);
    });

    check('a second commit of a chainID drops its copy and answers the standing one', (ledger, lease) => {
      committed(ledger, 'first', lease, chain('a'));
      ledger.insert(record('second'), lease);
      assert.equal(ledger.commit('second', { chainId: chain('a'), durable: false }, lease).id, 'first');
      assert.equal(ledger.get('second'), undefined);
      assert.equal(committed(ledger, 'other', lease, chain('b')).id, 'other');
    });

    check('drivers do not share chainIDs, and records without one never collide', (ledger, lease) => {
      committed(ledger, 'one', lease, chain('a'));
      ledger.insert(record('two', { driver: 'other' }), lease);
      assert.equal(ledger.commit('two', { chainId: chain('a'), durable: false }, lease).id, 'two');
      assert.equal(committed(ledger, 'three', lease).id, 'three');
      assert.equal(committed(ledger, 'four', lease).id, 'four');
      assert.equal(ledger.findByChainId('toy', chain('a'), lease)?.id, 'one');
      assert.equal(ledger.findByChainId('other', chain('a'), lease)?.id, 'two');
      assert.equal(ledger.findByChainId('toy', chain('c'), lease), undefined);
    });

    check('only committed records are found by chainID', (ledger, lease) => {
      ledger.insert(record('a', { chainId: chain('a') }), lease);
      assert.equal(ledger.findByChainId('toy', chain('a'), lease), undefined);
    });

    check('commit can give a parent', (ledger, lease) => {
      committed(ledger, 'base', lease, chain('a'));
      ledger.insert(record('top'), lease);
      assert.equal(ledger.commit('top', { durable: false, parentId: 'base' }, lease).parentId, 'base');
      assert.throws(() => ledger.remove('base', lease), { code: 'ERR_SNAPSHOT_IN_USE' });
      ledger.insert(record('lost'), lease);
      assert.throws(() => ledger.commit('lost', { durable: false, parentId: 'nowhere' }, lease), {
        code: 'ERR_SNAPSHOT_NOT_FOUND',
      });
      assert.equal(ledger.get('lost')?.kind, 'active');
    });

    check('a chainID found later', (ledger, lease) => {
      committed(ledger, 'a', lease);
      assert.equal(ledger.setChainId('a', chain('a'), lease).chainId, chain('a'));
      assert.equal(ledger.setChainId('a', chain('a'), lease).id, 'a');
      committed(ledger, 'b', lease);
      assert.equal(ledger.setChainId('b', chain('a'), lease).id, 'a');
      assert.equal(ledger.get('b')?.chainId, undefined);
      assert.throws(() => ledger.setChainId('zz', chain('b'), lease), { code: 'ERR_SNAPSHOT_NOT_FOUND' });
    });

    check('durability reaches all ancestors', (ledger, lease) => {
      committed(ledger, 'a', lease);
      committed(ledger, 'b', lease, undefined, 'a');
      committed(ledger, 'c', lease, undefined, 'b');
      committed(ledger, 'aside', lease, undefined, 'a');
      assert.equal(ledger.setDurable('b').durable, true);
      const durable = (): string[] => ids(ledger.list().filter((found) => found.durable)).sort();
      assert.deepEqual(durable(), ['a', 'b']);
      ledger.insert(record('d', { parentId: 'c' }), lease);
      assert.equal(ledger.commit('d', { durable: true }, lease).durable, true);
      assert.deepEqual(durable(), ['a', 'b', 'c', 'd']);
      assert.throws(() => ledger.setDurable('zz'), { code: 'ERR_SNAPSHOT_NOT_FOUND' });
    });

    check('a durable commit onto a standing record makes that one durable', (ledger, lease) => {
      committed(ledger, 'first', lease, chain('a'));
      ledger.insert(record('second'), lease);
      assert.deepEqual(
        ledger.commit('second', { chainId: chain('a'), durable: true }, lease),
        record('first', { kind: 'committed', chainId: chain('a'), durable: true }),
      );
    });

    check('labels are replaced as a whole', (ledger, lease) => {
      ledger.insert(record('a', { labels: { x: '1', y: '2' } }), lease);
      assert.deepEqual(ledger.setLabels('a', { z: '3' }).labels, { z: '3' });
      assert.deepEqual(ledger.get('a')?.labels, { z: '3' });
      assert.throws(() => ledger.setLabels('zz', {}), { code: 'ERR_SNAPSHOT_NOT_FOUND' });
    });

    check('what others stand on cannot be removed', (ledger, lease) => {
      committed(ledger, 'a', lease);
      ledger.insert(record('b', { parentId: 'a' }), lease);
      assert.throws(() => ledger.remove('a', lease), { code: 'ERR_SNAPSHOT_IN_USE', kind: 'conflict' });
      ledger.remove('b', lease);
      ledger.remove('a', lease);
      ledger.remove('a', lease);
      assert.deepEqual(ledger.list(), []);
    });

    check('what another lease pins cannot be removed while committed', (ledger, lease, subject) => {
      committed(ledger, 'a', lease, chain('a'));
      const other = subject.lease();
      assert.equal(ledger.findByChainId('toy', chain('a'), other)?.id, 'a');
      assert.throws(() => ledger.remove('a', lease), { code: 'ERR_SNAPSHOT_IN_USE' });
      assert.throws(() => ledger.remove('a'), { code: 'ERR_SNAPSHOT_IN_USE' });
      ledger.insert(record('mine'), other);
      ledger.remove('mine');
      assert.equal(ledger.get('mine'), undefined, 'an active record belongs to whoever removes it');
    });

    check('lists come in order and by filter', (ledger, lease) => {
      committed(ledger, 'z', lease);
      ledger.insert(record('m', { parentId: 'z' }), lease);
      ledger.insert(record('a', { parentId: 'z' }), lease);
      ledger.insert(record('o', { driver: 'other' }), lease);
      assert.deepEqual(ids(ledger.list()), ['z', 'm', 'a', 'o']);
      assert.deepEqual(ids(ledger.list({ driver: 'toy' })), ['z', 'm', 'a']);
      assert.deepEqual(ids(ledger.list({ parentId: 'z' })), ['m', 'a']);
      assert.deepEqual(ids(ledger.list({ driver: 'other', parentId: 'z' })), []);
    });
  });
}
