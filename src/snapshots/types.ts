import type { Lease, SnapshotKind } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ChainId } from '../spec/digest.ts';
import type { Mount } from '../sys/mount-list.ts';

/** The record of a snapshot. */
export interface SnapshotInfo {
  /** Opaque, safe as a file name, never used again. */
  readonly id: string;
  /** `active`: writable; `committed`: never changes again and may be a parent; `view`: a read-only use of its parent. */
  readonly kind: SnapshotKind;
  /** ID of the committed snapshot below; undefined for a base. */
  readonly parentId: string | undefined;
  /** Hash over the diffIDs down to the base, when the snapshot is a layer of an image. */
  readonly chainId: ChainId | undefined;
  readonly createdAt: Date;
  /** Any text by name, for callers. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Disk usage of a snapshot without its ancestors. */
export interface SnapshotUsage {
  /** Allocated blocks of the files that this snapshot adds, in bytes. */
  readonly sizeBytes: number;
  /** Number of inodes that this snapshot adds. */
  readonly inodes: number;
}

/** The abilities of a driver, by which the engine decides how it makes and reads layers. */
export interface SnapshotterCapabilities {
  /**
   * True when layers can be unpacked in parallel, each into its own directory, and joined when they are committed
   * (`spread` and `settle`). Needs `whiteouts: 'overlay'`.
   */
  readonly parallelApply: boolean;
  /**
   * Form of deletions in a snapshot's own directory: `overlay` is overlayfs's, `none` is for a driver
   * that keeps whole trees.
   */
  readonly whiteouts: 'overlay' | 'none';
  /** True when the changes of a snapshot can be read from its own directory, without comparing two trees. */
  readonly nativeDiff: boolean;
  /** True when the size of a snapshot can be limited. For information: nothing depends on it yet. */
  readonly quota: boolean;
  /** True when copies of files share their blocks. */
  readonly reflink: boolean;
}

/** Options of {@link Snapshotter.mounts}. */
export interface MountsOptions extends AbortOptions {
  /** True for a read-only mount, beside any other use of the snapshot. */
  readonly readOnly?: boolean;
}

/** Options of {@link Snapshotter.prepare} and {@link Snapshotter.view}. */
export interface PrepareOptions extends AbortOptions {
  /** Keeps the new snapshot from garbage collection until something else refers to it. */
  readonly lease: Lease;
  readonly labels?: Readonly<Record<string, string>>;
  /** True when the files are worthless after the machine stops (build steps, `--rm`): the kernel may skip its syncs. */
  readonly volatile?: boolean;
  /**
   * True when the initial state must survive a power cut once `prepare` resolves: for a container, whose creation is
   * acknowledged without a commit.
   */
  readonly durable?: boolean;
  /**
   * ID of an active snapshot on the same parent, whose changes are copied into the new one. The caller makes sure that
   * they do not change meanwhile. Rejects with ERR_SNAPSHOT_NOT_FOUND when it was removed before the copy was complete.
   */
  readonly copyOf?: string;
}

/** Options of {@link Snapshotter.persist}. */
export interface PersistOptions extends AbortOptions {
  /**
   * True when the caller has flushed the filesystem since the last write: one flush serves a whole chain of commits.
   */
  readonly flushed?: boolean;
}

/** Options of {@link Snapshotter.commit}. */
export interface CommitOptions extends PersistOptions {
  /** Keeps the committed snapshot, this one or the existing one. */
  readonly lease: Lease;
  /** ChainID of the layer; absent for a snapshot that is not a layer of an image. */
  readonly chainId?: ChainId | undefined;
  /**
   * True (the default) flushes the filesystem first, so that the snapshot survives a power cut once `commit` resolves.
   * False suits a cached build step: its record is dropped after the next boot.
   */
  readonly durable?: boolean;
  /**
   * Parent for a snapshot that was prepared without one; needs `capabilities.parallelApply`. Layers are unpacked in
   * parallel into own directories, then settled and committed in chain order.
   */
  readonly parentId?: string | undefined;
}

/**
 * Keeps filesystem states under opaque IDs. A driver returns mounts and never mounts. Every method that waits honours
 * `signal` and rejects with its reason; a failed call leaves neither record nor directory.
 *
 * The life of a layer: {@link prepare} on the layer below, mount what {@link mounts} returns, change files, unmount,
 * {@link commit}. A container's layer stays active until {@link remove}.
 *
 * ```ts
 * import { writeFileSync } from 'node:fs';
 *
 * const { id } = await snapshotter.prepare(parentId, { lease });
 * const tree = await mountHidden(await snapshotter.mounts(id));
 * writeFileSync(`${tree.path}/motd`, 'hello');
 * await tree[Symbol.asyncDispose]();
 * const layer = await snapshotter.commit(id, { lease, durable: false });
 * ```
 *
 * To write a driver, extend `DirectorySnapshotter` or `RecordedSnapshotter`, which implement this interface.
 */
export interface Snapshotter extends AsyncDisposable {
  /** The driver's name, as in its records. */
  readonly name: string;
  readonly capabilities: SnapshotterCapabilities;
  /** Returns the record of a snapshot. Throws ERR_SNAPSHOT_NOT_FOUND, as every method below that takes an ID. */
  stat(id: string): SnapshotInfo;
  /** Replaces all labels; returns the new record. */
  update(id: string, labels: Readonly<Record<string, string>>): Promise<SnapshotInfo>;
  /** Measures a snapshot's own files; 0 for a view. Throws ERR_SNAPSHOT_DAMAGED when they are missing. */
  usage(id: string, options?: AbortOptions): Promise<SnapshotUsage>;
  /**
   * Returns the mounts that show the snapshot, in their order. It may take time, such as for a device to become ready.
   * Those of a view or of a committed snapshot are read-only. Equal each time, also after a reboot. Throws
   * ERR_SNAPSHOT_DAMAGED when files are missing.
   */
  mounts(id: string, options?: MountsOptions): Promise<readonly Mount[]>;
  /** Returns false when files of this snapshot, or of an ancestor that it needs, are missing. */
  isWhole(id: string): Promise<boolean>;
  /**
   * Creates an active snapshot with the files of a committed parent, or without files when `parentId` is undefined.
   * Throws ERR_SNAPSHOT_NOT_COMMITTED, ERR_LAYER_LIMIT.
   */
  prepare(parentId: string | undefined, options: PrepareOptions): Promise<SnapshotInfo>;
  /**
   * Creates a read-only view of a committed snapshot, or of an empty tree when `parentId` is undefined. Throws
   * ERR_SNAPSHOT_NOT_COMMITTED.
   */
  view(parentId: string | undefined, options: PrepareOptions): Promise<SnapshotInfo>;
  /**
   * Makes an active snapshot committed and returns its record. If a snapshot with the same chainID exists, discards
   * this one and returns the existing one. Throws ERR_SNAPSHOT_NOT_ACTIVE, and ERR_LAYER_LIMIT when the chain would be
   * longer than the driver can mount.
   */
  commit(id: string, options: CommitOptions): Promise<SnapshotInfo>;
  /** Makes a snapshot and all its ancestors durable, before work that depends on it is acknowledged. Idempotent. */
  persist(id: string, options?: PersistOptions): Promise<SnapshotInfo>;
  /**
   * Removes the record, then the files. Throws ERR_SNAPSHOT_IN_USE while the snapshot has children or another lease
   * holds it.
   */
  remove(id: string, options?: RemoveOptions): Promise<void>;
  /** Returns the records of this driver's snapshots, in order of creation. */
  list(): SnapshotInfo[];
}

/** Options of {@link Snapshotter.remove}. */
export interface RemoveOptions extends AbortOptions {
  /** The caller's own lease, which does not prevent the removal. */
  readonly lease?: Lease | undefined;
}

/** The result of {@link SnapshotCleaner.cleanup}. */
export interface CleanupReport {
  /** IDs of files without a record (after a crash or a collection), which were removed. */
  readonly removed: readonly string[];
  /** IDs of committed snapshots whose files are missing: their images must be loaded or built again. */
  readonly missing: readonly string[];
}

/** All files of a snapshot, open until disposal. */
export interface SnapshotTree extends AsyncDisposable {
  /** An absolute path that is valid for this process, its threads, and programs that it starts. */
  readonly path: string;
}

/** Reconciles files with records after a crash, a reboot or a garbage collection. */
export interface SnapshotCleaner {
  /** Returns the IDs of files without a record. */
  orphans(options?: AbortOptions): Promise<readonly string[]>;
  /**
   * Removes files without a record, and reports committed snapshots without files. Idempotent, and safe beside other
   * processes that use the same store.
   */
  cleanup(options?: AbortOptions): Promise<CleanupReport>;
}

/**
 * Direct access to the directory that holds only a snapshot's own changes; the layer code unpacks into it and reads
 * changes from it. Implemented when `capabilities.parallelApply` or `nativeDiff` is true.
 */
export interface LayerDirectories {
  /** Returns the absolute path of the snapshot's own directory. */
  ownDirectory(id: string): string;
  /** Returns the own directories of the ancestors, nearest parent first. */
  lowerDirectories(id: string): readonly string[];
}
