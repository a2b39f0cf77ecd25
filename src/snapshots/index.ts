/**
 * Storage drivers: the interfaces, base classes and tools with which a driver is written, and the choice of one for a store.
 *
 * A snapshotter records its snapshots in a ledger and returns mounts; the caller mounts them. Needs root.
 *
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { chooseDriver, openSnapshotter, openTree } from 'strata-oci/snapshots';
 * import { MemorySnapshotLedger } from 'strata-oci/testing';
 *
 * const root = '/var/tmp/snapshots';
 * const ledger = new MemorySnapshotLedger();
 * const { driver } = await chooseDriver({ root });
 * await using snapshotter = await openSnapshotter({ driver, root, ledger });
 * const lease = ledger.lease();
 * const { id } = await snapshotter.prepare(undefined, { lease });
 * {
 *   await using tree = await openTree(snapshotter, id, { access: 'write' });
 *   writeFileSync(`${tree.path}/hello`, 'hello');
 * }
 * await snapshotter.commit(id, { lease });
 * ```
 *
 * docs/storage-drivers.md has a complete driver.
 */

export type { Lease, SnapshotKind, SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';
export type { AbortOptions } from '../lib/abort.ts';
export type { Mount } from '../sys/mount-list.ts';
export type { OverlayMount } from '../sys/overlay-options.ts';
export { syncFilesystem } from '../sys/syncfs.ts';
export { type ChooseDriverOptions, chooseDriver } from './choose-driver.ts';
export { type CopyTreeOptions, copyChangingTree, copyTree } from './copy-tree.ts';
export { DirectorySnapshotter } from './directory-snapshotter.ts';
export type { DriverChoice, DriverFinding } from './driver-choice.ts';
export { allDrivers } from './drivers/all.ts';
export type { Filesystem } from './filesystem-of.ts';
export { mountHidden } from './mount-hidden.ts';
export { openChanges, type SnapshotChanges } from './open-changes.ts';
export { type OpenSnapshotterOptions, openSnapshotter } from './open-snapshotter.ts';
export { type OpenTreeOptions, openTree } from './open-tree.ts';
export { driverInUse } from './predict-driver.ts';
export { probeDirectories } from './probe-directories.ts';
export type { ProbeEnvironment } from './probe-environment.ts';
export type { FileAbilities } from './probe-files.ts';
export { type MakeOptions, RecordedSnapshotter } from './recorded-snapshotter.ts';
export type { DriverRequest } from './requested-driver.ts';
export type { SnapshotDirectories } from './snapshot-directories.ts';
export type {
  DriverOptions,
  DriverProbe,
  DriverTable,
  OpenDriverOptions,
  OpenedSnapshotter,
  StorageDriver,
} from './storage-driver.ts';
export { treeUsage } from './tree-usage.ts';
export type {
  CleanupReport,
  CommitOptions,
  LayerDirectories,
  MountsOptions,
  PersistOptions,
  PrepareOptions,
  RemoveOptions,
  SnapshotCleaner,
  SnapshotInfo,
  SnapshotTree,
  Snapshotter,
  SnapshotterCapabilities,
  SnapshotUsage,
} from './types.ts';
