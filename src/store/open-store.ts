import type { Configuration } from '../configuration/settings.ts';
import { LocalContentStore } from '../content/local/store.ts';
import { ObjectLocks } from '../content/object-locks.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { Metadata } from '../metadata/metadata.ts';
import { TrackedBlobs } from '../metadata/tracked-content.ts';
import { predictDriver } from '../snapshots/predict-driver.ts';
import type { DriverRequest } from '../snapshots/requested-driver.ts';
import type { OpenedSnapshotter } from '../snapshots/storage-driver.ts';
import type { Host } from '../sys/worker/host.ts';
import { ExitWatch } from './exit-watch.ts';
import { StoreLayers } from './layers/store-layers.ts';
import type { LayerStore } from './layers/types.ts';
import { exitsOf, makeLayout, type StoreLayout } from './layout.ts';
import type { OpenedDriver } from './open-driver.ts';
import type { Store } from './store.ts';
import { StoreDrivers } from './store-drivers.ts';
import { StoreTrees } from './store-trees.ts';
import type { SnapshotTrees } from './trees.ts';
import type { Work, WorkResult } from './work/types.ts';

export interface OpenStoreOptions {
  /** Paths of the store, see `findLayout`; the first write creates it. */
  readonly layout: StoreLayout;
  readonly configuration: Configuration;
  readonly driver: DriverRequest;
  /** Closed with the store. */
  readonly host: Host;
  /** See {@link Store.endAbandonedWork}. */
  readonly endAbandonedWork: (store: Store) => Promise<number>;
}

/**
 * Opens a store for reading, which changes nothing on the disk; the first write creates what is missing.
 * @throws ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED, and what `Database.openForReading` throws
 */
export function openStore(options: OpenStoreOptions): Store {
  const { layout } = options;
  const locks = new ObjectLocks(layout.locks);
  const content = LocalContentStore.openForReading({ directory: layout.content, locks, trashDirectory: layout.trash });
  predictDriver(options.driver);
  const metadata = Metadata.openForReading({
    database: layout.database,
    locksDirectory: layout.locks,
    isAlone: options.host.isAlone,
    onFlushFailed: (error) => content.health.markDegraded(layout.database, error),
    prepare: () => {
      makeLayout(layout);
      content.prepare();
    },
  });
  return new OpenStore({ layout, locks, content, metadata }, options);
}

type OpenedParts = Pick<Store, 'layout' | 'locks' | 'content' | 'metadata'>;

class OpenStore implements Store {
  readonly layout: StoreLayout;
  readonly configuration: Configuration;
  readonly metadata: Metadata;
  readonly blobs: TrackedBlobs;
  readonly content: LocalContentStore;
  readonly locks: ObjectLocks;
  readonly layers: LayerStore;
  readonly trees: SnapshotTrees;
  readonly exits: ExitWatch;
  readonly host: Host;
  readonly #options: OpenStoreOptions;
  readonly #drivers: StoreDrivers;

  constructor({ layout, locks, content, metadata }: OpenedParts, options: OpenStoreOptions) {
    this.layout = layout;
    this.configuration = options.configuration;
    this.metadata = metadata;
    this.blobs = new TrackedBlobs(content, metadata.blobs);
    this.content = content;
    this.locks = locks;
    this.exits = new ExitWatch(exitsOf(layout));
    this.host = options.host;
    this.#options = options;
    this.#drivers = new StoreDrivers(options.driver, metadata);
    this.layers = new StoreLayers(this);
    this.trees = new StoreTrees(this);
  }

  async openDriver(options?: AbortOptions): Promise<OpenedDriver> {
    return await this.#drivers.open(options);
  }

  async openSnapshotters(options?: AbortOptions): Promise<readonly OpenedSnapshotter[]> {
    return await this.#drivers.openAll(options);
  }

  async openForWriting(options?: AbortOptions): Promise<void> {
    await this.metadata.db.openForWriting(options);
  }

  async work<T>(purpose: string, options: AbortOptions, body: (work: Work) => Promise<WorkResult<T>>): Promise<T> {
    const { runWork } = await import('./work/run-work.ts');
    return await runWork(this, purpose, body, options);
  }

  async endAbandonedWork(): Promise<number> {
    return await this.#options.endAbandonedWork(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    await this.#drivers[Symbol.asyncDispose]();
    this.metadata[Symbol.dispose]();
  }
}
