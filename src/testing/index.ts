export type { Lease, SnapshotKind, SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';
export { type ContentStoreSubject, contentStoreSuite } from './suites/content-store.ts';
export { type SnapshotLedgerSubject, snapshotLedgerSuite } from './suites/snapshot-ledger.ts';
export { type SnapshotterSuiteOptions, snapshotterSuite } from './suites/snapshotter.ts';
export type { MountedTree, MountTree, SnapshotterSubject } from './suites/snapshotter-bench.ts';
