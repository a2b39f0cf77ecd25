import type { AbortOptions } from '../lib/abort.ts';
import type { ChainId } from '../spec/digest.ts';

/** *active* is writable, *committed* is read-only and may be a parent, *view* is a read-only use of a parent. */
export type SnapshotKind = 'active' | 'committed' | 'view';

/** One snapshot as a ledger records it. */
export interface SnapshotRecord {
  /** Opaque and safe as a file name. The driver chooses it; it is never derived from content. */
  readonly id: string;
  readonly driver: string;
  readonly kind: SnapshotKind;
  readonly parentId: string | undefined;
  /** Set once the layer's diffID is known; at most one committed snapshot of a driver carries a given chainID. */
  readonly chainId: ChainId | undefined;
  /**
   * False for a cached build step. A committed record that is not durable is dropped after a reboot, with its
   * descendants.
   */
  readonly durable: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The records of a storage driver's snapshots. Each call that changes something is one short transaction. */
export interface SnapshotLedger {
  /**
   * Adds the record and pins it to `lease`. To be called before the files are created, so that files without a record
   * are orphans.
   * @throws ERR_SNAPSHOT_EXISTS for a used ID, ERR_SNAPSHOT_NOT_FOUND for an absent parent
   */
  insert(record: SnapshotRecord, lease: Lease, options?: AbortOptions): Promise<void>;
  get(id: string): SnapshotRecord | undefined;
  /** Finds the driver's committed snapshot with that chainID, and pins it to `lease` in the same transaction. */
  findByChainId(driver: string, chainId: ChainId, lease: Lease): Promise<SnapshotRecord | undefined>;
  /**
   * Turns an active record into a committed one and returns it, pinned to `lease`. If a committed record of the same
   * driver and chainID exists, that one is returned instead, and the active record is dropped.
   *
   * `parentId` gives a parent to a snapshot that was prepared on none: layers unpacked in parallel are chained at their
   * commit. `durable` marks the returned record and all its ancestors durable; the caller has flushed them together.
   * @throws ERR_SNAPSHOT_NOT_FOUND, ERR_SNAPSHOT_NOT_ACTIVE (failed-precondition)
   */
  commit(
    id: string,
    attributes: { chainId?: ChainId | undefined; durable: boolean; parentId?: string | undefined },
    lease: Lease,
  ): Promise<SnapshotRecord>;
  /**
   * Sets the chainID of a committed snapshot. Returns the record that now carries it, pinned to `lease`: another one if
   * the chainID was taken already.
   */
  setChainId(id: string, chainId: ChainId, lease: Lease): Promise<SnapshotRecord>;
  /** Marks a snapshot and all its ancestors durable; the caller has flushed their files. Idempotent. */
  setDurable(id: string): Promise<SnapshotRecord>;
  /** Replaces all labels of a snapshot. */
  setLabels(id: string, labels: Readonly<Record<string, string>>): Promise<SnapshotRecord>;
  /**
   * Removes the record, if there is one.
   * @throws ERR_SNAPSHOT_IN_USE (conflict) while it has children, something refers to it, or (when it is committed) a
   * lease other than `lease` pins it
   */
  remove(id: string, lease?: Lease): Promise<void>;
  /** Lists the records in the order of their insertion. */
  list(filter?: { driver?: string; parentId?: string }): SnapshotRecord[];
}

/**
 * Keeps the objects that an operation creates or uses from garbage collection, until it is disposed. A lease is dead
 * when another process can take its `flock`, so it ends with its process, however that ends, and no clock is involved.
 */
export interface Lease extends AsyncDisposable {
  readonly id: string;
  /** True for a lease on a read-only store, from which nothing can be removed: its pins are not recorded. */
  readonly isUnrecorded?: boolean | undefined;
}
