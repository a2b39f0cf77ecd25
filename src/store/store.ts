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
 * An open store: the first argument of every verb. `openStore` opens one. The same root may be open several times, in
 * one process or many.
 */
export interface Store extends AsyncDisposable {
  readonly layout: StoreLayout;
  /** Settings in force. */
  readonly configuration: Configuration;
  readonly metadata: Metadata;
  /** Recorded blobs, for reading. */
  readonly blobs: BlobProvider;
  /** Files of blobs, recorded or not. */
  readonly content: LocalContentStore;
  readonly layers: LayerStore;
  /** Opens the files of snapshots. */
  readonly trees: SnapshotTrees;
  /** Locks of single objects, which their creators and the garbage collector take. */
  readonly locks: ObjectLocks;
  /** Waits for containers to end. */
  readonly exits: ExitWatch;
  /** Runs work that needs a mount namespace. */
  readonly host: Host;
  /**
   * Opens the driver in use, or returns the open one. Before the first write it is only the expected one, because
   * trying a driver writes to the disk. The signal ends the wait only.
   * @throws ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED, ERR_STORAGE_ROOT_UNUSABLE
   */
  openDriver(options?: AbortOptions): Promise<OpenedDriver>;
  /** Opens every driver whose snapshots the store holds; the one in use comes first. Throws as {@link openDriver}. */
  openSnapshotters(options?: AbortOptions): Promise<readonly OpenedSnapshotter[]>;
  /** Creates the store if it does not exist, and makes it writable. Idempotent; every write begins with it. */
  openForWriting(options?: AbortOptions): Promise<void>;
  /**
   * Runs an operation that makes something durable, by the protocol of `runWork`: lease, files, flush, persist, record.
   * `body` creates the files and returns how they are recorded. `purpose` names the operation in listings of leases.
   */
  work<T>(purpose: string, options: AbortOptions, body: (work: Work) => Promise<WorkResult<T>>): Promise<T>;
  /**
   * Ends build steps of killed commands, which still write into snapshots, and returns how many there were. Called
   * before garbage is collected.
   */
  endAbandonedWork(): Promise<number>;
}
