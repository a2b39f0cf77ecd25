/**
 * Conformance suites for implementations of Strata's interfaces, as tests of `node:test`: storage drivers, content stores and
 * ledgers of snapshots. A driver of another package is tested by the same suite as those of Strata.
 *
 * ```typescript
 * // copies.test.ts: run it as root, with `node --test copies.test.ts`
 * import { openInMemory, snapshotterSuite } from 'strata-oci/testing';
 * import { copies } from './copies.ts';
 *
 * snapshotterSuite({
 *   name: 'copies',
 *   open: () => openInMemory((options) => copies.open(options)),
 *   skip: [{ test: 'usage of a view is 0', reason: 'this driver does not measure' }],
 * });
 * ```
 */

export { MemorySnapshotLedger } from '../ledger/memory.ts';
export type { Lease, SnapshotKind, SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';
export type { AbortOptions } from '../lib/abort.ts';
export { mountHidden } from '../snapshots/mount-hidden.ts';
export type { OpenDriverOptions } from '../snapshots/storage-driver.ts';
export type { Mount } from '../sys/mount-list.ts';
export type { OverlayMount } from '../sys/overlay-options.ts';
export { openInMemory } from './open-in-memory.ts';
export { type ContentStoreSubject, contentStoreSuite } from './suites/content-store.ts';
export { type SnapshotLedgerSubject, snapshotLedgerSuite } from './suites/snapshot-ledger.ts';
export { type SnapshotterSuiteOptions, snapshotterSuite } from './suites/snapshotter.ts';
export type { MountedTree, MountTree, SnapshotterSubject } from './suites/snapshotter-bench.ts';
