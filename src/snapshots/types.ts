import type { Lease, SnapshotKind } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ChainId } from '../spec/digest.ts';
import type { Mount } from '../sys/mount-list.ts';

export interface SnapshotInfo {
  readonly id: string;
  readonly kind: SnapshotKind;
  readonly parentId: string | undefined;
  readonly chainId: ChainId | undefined;
  readonly createdAt: Date;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SnapshotUsage {
  /** Sum of allocated blocks of what this snapshot alone adds, in bytes. */
  readonly sizeBytes: number;
  readonly inodes: number;
}

export interface SnapshotterCapabilities {
  /** Layers may be unpacked side by side into their own directories and joined afterwards (`spread` and `settle`). */
  readonly parallelApply: boolean;
  /** How the driver keeps deletions in a layer's directory. */
  readonly whiteouts: 'overlay' | 'none';
  /** The changes of a snapshot can be read from its own directory, without comparing two trees. */
  readonly nativeDiff: boolean;
  readonly quota: boolean;
  readonly reflink: boolean;
}

export interface MountsOptions extends AbortOptions {
  /** To be looked into, beside any other use of the snapshot. */
  readonly readOnly?: boolean;
}

export interface PrepareOptions extends AbortOptions {
  readonly lease: Lease;
  readonly labels?: Readonly<Record<string, string>>;
  /** The files are worthless if the machine stops (build steps, `--rm`): the kernel may skip its syncs. */
  readonly volatile?: boolean;
  /**
   * What the snapshot begins with survives a power cut once `prepare` resolves: for a container's, whose making is
   * acknowledged without a commit.
   */
  readonly durable?: boolean;
  /**
   * Id of an active snapshot on the same parent whose changes the new one begins with, a copy of its own; nobody changes
   * them meanwhile. ERR_SNAPSHOT_NOT_FOUND when it was removed before the copy was whole.
   */
  readonly copyOf?: string;
}

export interface PersistOptions extends AbortOptions {
  /** The caller has flushed the filesystem since the last write: one flush serves a whole chain of commits. */
  readonly flushed?: boolean;
}

export interface CommitOptions extends PersistOptions {
  readonly lease: Lease;
  readonly chainId?: ChainId | undefined;
  /**
   * A durable snapshot survives a power cut once `commit` resolves: its filesystem is flushed first. Otherwise (a cached
   * build step) its record is dropped after the next boot. Default true.
   */
  readonly durable?: boolean;
  /**
   * Gives a snapshot prepared on nothing its parent, with `capabilities.parallelApply`: layers are unpacked side by side
   * into own directories, then settled and committed in chain order.
   */
  readonly parentId?: string | undefined;
}

/**
 * Filesystem states under opaque ids. A driver returns mounts; it never mounts. Every method that waits honours
 * `signal`; a failed call leaves neither record nor directory.
 */
export interface Snapshotter extends AsyncDisposable {
  readonly name: string;
  readonly capabilities: SnapshotterCapabilities;
  /** Throws ERR_SNAPSHOT_NOT_FOUND. */
  stat(id: string): SnapshotInfo;
  /** Replaces the labels. */
  update(id: string, labels: Readonly<Record<string, string>>): Promise<SnapshotInfo>;
  usage(id: string, options?: AbortOptions): Promise<SnapshotUsage>;
  /**
   * How to mount the snapshot now: the list, in its order. It may take time to get ready. A committed one is read-only.
   * Idempotent, also after a reboot.
   */
  mounts(id: string, options?: MountsOptions): Promise<readonly Mount[]>;
  /** Returns false when files are gone, of this snapshot or of one below that it needs. */
  isWhole(id: string): Promise<boolean>;
  /** A new active snapshot on a committed parent (or on nothing). */
  prepare(parentId: string | undefined, options: PrepareOptions): Promise<SnapshotInfo>;
  /** A new read-only view of a committed snapshot. */
  view(parentId: string | undefined, options: PrepareOptions): Promise<SnapshotInfo>;
  /**
   * Active becomes committed. With a chainID that stands already, drops this copy and answers the standing one.
   * Throws ERR_LAYER_LIMIT when the chain would be longer than the driver can mount.
   */
  commit(id: string, options: CommitOptions): Promise<SnapshotInfo>;
  /** Flushes a snapshot that is not durable, and with it all its ancestors, before work that rests on it is acknowledged. */
  persist(id: string, options?: PersistOptions): Promise<SnapshotInfo>;
  /**
   * Forgets the record and lets the files go. Throws ERR_SNAPSHOT_NOT_FOUND, and ERR_SNAPSHOT_IN_USE while it
   * has children or somebody else holds it.
   */
  remove(id: string, options?: RemoveOptions): Promise<void>;
  list(): SnapshotInfo[];
}

export interface RemoveOptions extends AbortOptions {
  /** The caller's own hold does not stand in the way. */
  readonly lease?: Lease | undefined;
}

export interface CleanupReport {
  /** Ids whose files no record knew (a crash, a collected record): let go. */
  readonly removed: readonly string[];
  /** Committed snapshots whose files are gone: whoever used them must fetch or build them again. */
  readonly missing: readonly string[];
}

/** All files of a snapshot, for as long as this is held. */
export interface SnapshotTree extends AsyncDisposable {
  /** An absolute path that serves this process, its threads, and programs that it starts. */
  readonly path: string;
}

/** Reconciles files with records after a crash, a reboot or a garbage collection. */
export interface SnapshotCleaner {
  /** Ids whose files no record knows. */
  orphans(options?: AbortOptions): Promise<readonly string[]>;
  /** Idempotent, and safe beside other processes that use the same store. */
  cleanup(options?: AbortOptions): Promise<CleanupReport>;
}

/**
 * Direct access to the directory that holds only a snapshot's own changes; the layer code unpacks into it and reads
 * changes from it. Present when `capabilities.parallelApply` or `nativeDiff` is.
 */
export interface LayerDirectories {
  /** The snapshot's own directory, absolute. */
  ownDirectory(id: string): string;
  /** Own directories of the ancestors, nearest parent first. */
  lowerDirectories(id: string): readonly string[];
}
