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
export { driverInUse } from './expected-driver.ts';
export type { Filesystem } from './filesystem-of.ts';
export { mountHidden } from './hidden-mount.ts';
export { openChanges, type SnapshotChanges } from './open-changes.ts';
export { type OpenSnapshotterOptions, openSnapshotter } from './open-snapshotter.ts';
export { type OpenTreeOptions, openTree } from './open-tree.ts';
export { probeDirectories } from './probe-directories.ts';
export type { FileAbilities } from './probe-files.ts';
export type { ProbePlace } from './probe-place.ts';
export { type MakeOptions, RecordedSnapshotter } from './recorded-snapshotter.ts';
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
export type { DriverWish } from './wished-driver.ts';
