import type { AbortOptions } from '../lib/abort.ts';
import type { ChainId } from '../spec/digest.ts';

/** *active* is writable, *committed* is read-only and may be a parent, *view* is a read-only use of a parent. */
export type SnapshotKind = 'active' | 'committed' | 'view';

export interface SnapshotRecord {
  /** Opaque, file-name safe, made by the driver; never derived from content. */
  readonly id: string;
  readonly driver: string;
  readonly kind: SnapshotKind;
  readonly parentId: string | undefined;
  /** Set once the layer's diffID is known; at most one committed snapshot of a driver carries a given chainID. */
  readonly chainId: ChainId | undefined;
  /** False for a cached build step: a committed record that is not durable is dropped, with all that stands on it, after another boot. */
  readonly durable: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a storage driver needs of the metadata: each call that changes something is one short transaction. */
export interface SnapshotLedger {
  /**
   * Adds the record and pins it to `lease`; to be called before the files are made, so that files without a record are
   * nobody's. Throws ERR_SNAPSHOT_EXISTS for a used id, ERR_SNAPSHOT_NOT_FOUND for an absent parent.
   */
  insert(record: SnapshotRecord, lease: Lease, options?: AbortOptions): Promise<void>;
  get(id: string): SnapshotRecord | undefined;
  /** The committed snapshot of this driver with that chainID; pinned to `lease` in the same transaction (pin, then look). */
  findByChainId(driver: string, chainId: ChainId, lease: Lease): Promise<SnapshotRecord | undefined>;
  /**
   * Turns an active record into a committed one. When a committed record of the same driver and chainID stands already,
   * drops the active record and answers the standing one, pinned to `lease`. `parentId` gives a parent to a snapshot
   * prepared on nothing (layers unpacked side by side are chained as they are committed). `durable` makes the answered
   * record and all its ancestors durable: the caller's one flush covered them too. Throws ERR_SNAPSHOT_NOT_FOUND,
   * ERR_SNAPSHOT_NOT_ACTIVE (failed-precondition).
   */
  commit(
    id: string,
    attributes: { chainId?: ChainId | undefined; durable: boolean; parentId?: string | undefined },
    lease: Lease,
  ): Promise<SnapshotRecord>;
  /**
   * Names the chainID of a committed snapshot; answers the record that now carries it (maybe another one that stood
   * already), pinned to `lease`.
   */
  setChainId(id: string, chainId: ChainId, lease: Lease): Promise<SnapshotRecord>;
  /** Marks a snapshot and all its ancestors durable; the caller has flushed their files. Idempotent. */
  setDurable(id: string): Promise<SnapshotRecord>;
  setLabels(id: string, labels: Readonly<Record<string, string>>): Promise<SnapshotRecord>;
  /**
   * Removes the record, if there is one. Throws ERR_SNAPSHOT_IN_USE (conflict) while it has children, something refers to
   * it, or (when it is committed) a lease other than `lease` pins it.
   */
  remove(id: string, lease?: Lease): Promise<void>;
  /** In the order of insertion. */
  list(filter?: { driver?: string; parentId?: string }): SnapshotRecord[];
}

/**
 * A hold on things being made or used. It is dead when its `flock` can be taken by another process, so a killed
 * process's holds end with it and no clock is involved. Disposal releases everything it pins.
 */
export interface Lease extends AsyncDisposable {
  readonly id: string;
  /** What it would hold cannot be removed by anybody: it is not written down. */
  readonly isUnrecorded?: boolean | undefined;
}
