import { mkdirSync } from 'node:fs';
import { diskFailure } from '../content/disk-failure.ts';
import { bootId } from '../sys/boot-id.ts';
import { Blobs } from './blobs.ts';
import { BuildRecords } from './build-records.ts';
import { Containers } from './containers.ts';
import { Database, type DatabaseOptions, type Transact } from './database.ts';
import { Events } from './events.ts';
import { Images } from './images.ts';
import { Layers } from './layers.ts';
import { Leases } from './leases.ts';
import { Objects } from './objects.ts';
import { retryWhileBusy } from './retry-while-busy.ts';
import { Snapshots } from './snapshots.ts';
import { SpareFiles } from './spare-files.ts';
import { Tags } from './tags.ts';
import { Targets } from './targets.ts';
import { Transfers } from './transfers.ts';

export interface MetadataOptions extends Omit<DatabaseOptions, 'onWritable' | 'onCommitted'> {
  /** Path of `strata.db`, in an existing folder. */
  readonly database: string;
  /** The store's `locks` folder, created when it is missing. */
  readonly locksDirectory: string;
  /** Replaces the machine's boot ID, for tests that simulate a reboot. */
  readonly bootId?: string;
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw diskFailure(error, path);
  }
}

/** All records of a store, by kind. They use one database, so that several calls can share a transaction. */
export class Metadata implements Disposable {
  readonly db: Database;
  readonly objects: Objects;
  readonly leases: Leases;
  readonly blobs: Blobs;
  readonly layers: Layers;
  readonly snapshots: Snapshots;
  readonly images: Images;
  readonly targets: Targets;
  readonly tags: Tags;
  readonly containers: Containers;
  readonly builds: BuildRecords;
  readonly transfers: Transfers;
  readonly events: Events;

  private constructor({ database, locksDirectory, bootId: boot = bootId(), prepare, ...options }: MetadataOptions) {
    const db = Database.openForReading(database, {
      ...options,
      prepare: () => {
        prepare?.();
        makeFolder(locksDirectory);
      },
      onCommitted: () => this.events.notifyFollowers(),
      onWritable: async (transact) => {
        await this.#enterBoot(boot, transact);
        db.reserve.ensure();
        new SpareFiles(locksDirectory).ensure();
      },
    });
    this.db = db;
    this.objects = new Objects(db);
    this.leases = new Leases(db, this.objects, locksDirectory);
    this.blobs = new Blobs(db, this.objects);
    this.layers = new Layers(db, this.objects);
    this.snapshots = new Snapshots(db, this.objects, boot);
    this.images = new Images(db, this.objects);
    this.targets = new Targets(db, this.objects);
    this.tags = new Tags(db, this.objects);
    this.containers = new Containers(db, this.objects);
    this.builds = new BuildRecords(db, this.objects);
    this.transfers = new Transfers(db);
    this.events = new Events(db, locksDirectory, boot);
  }

  /**
   * Opens the metadata of a store for reading; the first write creates what is missing. Throws as
   * {@link Database.openForReading}.
   */
  static openForReading(options: MetadataOptions): Metadata {
    return new Metadata(options);
  }

  /**
   * Opens the metadata of a store for writing, and creates it when it is missing. The first opening after a boot drops
   * the records that earlier boots did not make durable. Throws as {@link Database.open}.
   */
  static async open(options: MetadataOptions): Promise<Metadata> {
    const metadata = await retryWhileBusy(() => new Metadata(options), options);
    try {
      await metadata.db.openForWriting();
      return metadata;
    } catch (error) {
      metadata[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.db[Symbol.dispose]();
  }

  async #enterBoot(boot: string, transact: Transact): Promise<void> {
    const readBoot = (): string | undefined =>
      this.db.statement<{ value: string }>("SELECT value FROM state WHERE name = 'boot'").get()?.value;
    if (readBoot() === boot) return;
    const enter = (): void => {
      if (readBoot() === boot) return;
      this.snapshots.dropFromEarlierBoots();
      this.layers.dropUnnamed();
      this.events.skipLost();
      this.db.statement("INSERT OR REPLACE INTO state (name, value) VALUES ('boot', ?)").run(boot);
    };
    await transact(enter, { freesSpace: true });
  }
}
