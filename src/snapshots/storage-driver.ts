import type { SnapshotLedger } from '../ledger/types.ts';
import type { ProbePlace } from './probe-place.ts';
import type { LayerDirectories, SnapshotCleaner, Snapshotter } from './types.ts';

/**
 * One way to keep snapshots. docs/storage-drivers.md shows how to add one. Every command has the table of drivers, and
 * most never probe or open one: what a driver needs for its work is imported when that happens.
 */
export interface StorageDriver {
  /** As users write it. What the driver keeps is under `<root>/snapshots/<name>`. */
  readonly name: string;
  /** The price of this driver, as in "vfs is used, which copies each layer whole"; none for a driver without one. */
  readonly drawback?: string;
  /**
   * Its options (`storage-opts`) by name: each says what is wrong with a value, undefined when nothing is. By docker's
   * custom a name begins with the driver's: `overlay2.size`. Default: none.
   */
  readonly options?: Readonly<Record<string, (value: string) => string | undefined>>;
  /** Returns false when the driver cannot work here, as far as a look tells. Writes nothing, mounts nothing. */
  isLikely(): boolean;
  /** Tries what the driver needs, in a place on the store's filesystem. */
  probe(place: ProbePlace, options: DriverOptions): Promise<DriverProbe>;
  /** Opens the driver over a store. Folders under the root are made with the first snapshot. */
  open(options: OpenDriverOptions): Promise<OpenedSnapshotter>;
}

/** Values of a driver's options, by name: those that were given. */
export type DriverOptions = Readonly<Record<string, string>>;

/** What a trial has shown. */
export interface DriverProbe {
  readonly works: boolean;
  /** Why, or why not, for people. */
  readonly reason: string;
  /** What will be slow, lost or not be seen with this driver, a sentence each. */
  readonly warnings: readonly string[];
}

export interface OpenDriverOptions {
  /** The store's root, absolute. */
  readonly root: string;
  readonly ledger: SnapshotLedger;
  readonly options?: DriverOptions | undefined;
  /** In a user namespace that maps root to another user. */
  readonly rootless?: boolean | undefined;
}

/** A snapshotter over a store's root. `LayerDirectories` come with `capabilities.parallelApply` or `nativeDiff`. */
export type OpenedSnapshotter = Snapshotter & SnapshotCleaner & Partial<LayerDirectories>;

/** The drivers a store may use. */
export interface DriverTable {
  /** The preferred one first. */
  readonly drivers: readonly StorageDriver[];
  /** Names that a user of other engines may ask for, of drivers that do not exist yet. */
  readonly later: readonly string[];
}
