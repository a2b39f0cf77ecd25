import type { SnapshotLedger } from '../ledger/types.ts';
import type { ProbeEnvironment } from './probe-environment.ts';
import type { LayerDirectories, SnapshotCleaner, Snapshotter } from './types.ts';

/**
 * A way to keep snapshots: an entry of the table of drivers. docs/storage-drivers.md has a complete driver.
 *
 * Every command has the table, and most never probe or open a driver. So import what `probe` and `open` need inside
 * them.
 *
 * ```typescript
 * export const copies: StorageDriver = {
 *   name: 'copies',
 *   drawback: 'copies each layer whole',
 *   isLikely: () => true,
 *   probe: async (environment) => {
 *     const { problem, warnings } = probeDirectories(environment);
 *     return { works: problem === undefined, reason: problem ?? 'works everywhere', warnings };
 *   },
 *   open: async (options) => new CopiesSnapshotter(options),
 * };
 * ```
 */
export interface StorageDriver {
  /** The name by which users request it. The driver's data is under `<root>/snapshots/<name>`. */
  readonly name: string;
  /**
   * A phrase that completes "vfs is used, which …", such as `copies each layer whole`; shown when the driver replaces a
   * preferred one that does not work. Absent for a driver without a drawback.
   */
  readonly drawback?: string;
  /**
   * Its options (`storage-opts`) by name, each with a check that returns the problem with a value, undefined for a
   * valid one. By docker's custom a name begins with the driver's: `overlay2.size`. Default: no options.
   */
  readonly options?: Readonly<Record<string, (value: string) => string | undefined>>;
  /**
   * Returns false when the driver cannot work on this machine, as far as a quick check shows. Writes nothing, mounts
   * nothing.
   */
  isLikely(): boolean;
  /**
   * Tries everything that the driver needs, in a scratch directory on the store's filesystem. A failure is the result
   * `works: false`, not an exception. `options` has the values of the driver's own options.
   */
  probe(environment: ProbeEnvironment, options: DriverOptions): Promise<DriverProbe>;
  /**
   * Opens the driver over a store. Creates nothing, so that a store can be read and cleaned up also where the driver
   * does not work; directories under the root are created with the first snapshot.
   */
  open(options: OpenDriverOptions): Promise<OpenedSnapshotter>;
}

/** Values of a driver's options by name, as far as they are set. */
export type DriverOptions = Readonly<Record<string, string>>;

/** The result of a probe. */
export interface DriverProbe {
  /** True when the driver can keep snapshots there. */
  readonly works: boolean;
  /** Reason why it works or does not, for people: `works on ext4 (/var)`. */
  readonly reason: string;
  /**
   * Warnings about operations that will be slow, attributes that will be lost or files that will be hidden with this
   * driver, a sentence each.
   */
  readonly warnings: readonly string[];
}

/** Options of {@link StorageDriver.open}. */
export interface OpenDriverOptions {
  /** The store's root, an absolute path. */
  readonly root: string;
  /** Records of the store's snapshots; the driver's own are those of its name. */
  readonly ledger: SnapshotLedger;
  /** Values of the driver's own options. */
  readonly options?: DriverOptions | undefined;
  /** True in a user namespace that maps root to another user. */
  readonly rootless?: boolean | undefined;
}

/**
 * A snapshotter over a store's root. It implements `LayerDirectories` if `capabilities.parallelApply` or `nativeDiff`
 * is true.
 */
export type OpenedSnapshotter = Snapshotter & SnapshotCleaner & Partial<LayerDirectories>;

/** The drivers that a store may use. */
export interface DriverTable {
  /** In order of preference. */
  readonly drivers: readonly StorageDriver[];
  /**
   * Names of drivers of other engines that do not exist here yet: requesting one is ERR_STORAGE_DRIVER_UNSUPPORTED, not
   * ERR_STORAGE_DRIVER_UNKNOWN.
   */
  readonly later: readonly string[];
}
