export type { Lease, SnapshotKind, SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';
export type { AbortOptions } from '../lib/abort.ts';
export type { Mount } from '../sys/mount-list.ts';
export type { OverlayMount } from '../sys/overlay-options.ts';
export { type ContentStoreSubject, contentStoreSuite } from './suites/content-store.ts';
export { type SnapshotLedgerSubject, snapshotLedgerSuite } from './suites/snapshot-ledger.ts';
export { type SnapshotterSuiteOptions, snapshotterSuite } from './suites/snapshotter.ts';
export type { MountedTree, MountTree, SnapshotterSubject } from './suites/snapshotter-bench.ts';
