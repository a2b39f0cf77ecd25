import type { Configuration } from '../configuration/settings.ts';
import type { LocalContentStore } from '../content/local/store.ts';
import type { ObjectLocks } from '../content/object-locks.ts';
import type { BlobProvider } from '../content/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Metadata } from '../metadata/metadata.ts';
import type { OpenedSnapshotter } from '../snapshots/storage-driver.ts';
import type { Host } from '../sys/worker/host.ts';
import type { ExitWatch } from './exit-watch.ts';
import type { LayerStore } from './layers/types.ts';
import type { StoreLayout } from './layout.ts';
import type { OpenedDriver } from './open-driver.ts';
import type { SnapshotTrees } from './trees.ts';
import type { Work, WorkResult } from './work/types.ts';

/**
 * An open store: the first argument of every verb. Several may have the same root open, in one process or many.
 * `openStore` makes one.
 */
export interface Store extends AsyncDisposable {
  readonly layout: StoreLayout;
  /** The settings that hold. */
  readonly configuration: Configuration;
  readonly metadata: Metadata;
  /** Blobs that are recorded, for reading. */
  readonly blobs: BlobProvider;
  /** The files behind the blobs, recorded or not. */
  readonly content: LocalContentStore;
  readonly layers: LayerStore;
  /** Opens the files of snapshots. */
  readonly trees: SnapshotTrees;
  /** Locks of single objects, which a creator and the garbage collector both take. */
  readonly locks: ObjectLocks;
  /** Waits for containers to end. */
  readonly exits: ExitWatch;
  /** Where work on mounts runs. */
  readonly host: Host;
  /**
   * Opens the driver in use, or returns the one that is open. Before anything was written it is the expected one: only
   * trials that write tell for sure. The signal ends the wait only. Rejects with ERR_STORAGE_DRIVER_UNKNOWN,
   * ERR_STORAGE_DRIVER_UNSUPPORTED, ERR_STORAGE_ROOT_UNUSABLE.
   */
  openDriver(options?: AbortOptions): Promise<OpenedDriver>;
  /** Opens every driver whose snapshots the store holds; the one in use comes first. Rejects as {@link openDriver}. */
  openSnapshotters(options?: AbortOptions): Promise<readonly OpenedSnapshotter[]>;
  /** Makes the store when there is none. Idempotent; every write begins with it. */
  openForWriting(options?: AbortOptions): Promise<void>;
  /**
   * Makes something durable by the one protocol of lease, flush, persist, record (`runWork`): `body` makes the files and
   * returns how they are recorded. `purpose` is for people who look at leases.
   */
  work<T>(purpose: string, options: AbortOptions, body: (work: Work) => Promise<WorkResult<T>>): Promise<T>;
  /**
   * Ends what killed commands left running that still writes into snapshots (build steps), and returns how many there
   * were. Called before garbage is collected.
   */
  endAbandonedWork(): Promise<number>;
}
