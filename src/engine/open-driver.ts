import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotLedger } from '../ledger/types.ts';
import { chooseDriver, type DriverName } from '../snapshots/choose-driver.ts';
import { Overlay2Snapshotter } from '../snapshots/drivers/overlay2/driver.ts';
import { VfsSnapshotter } from '../snapshots/drivers/vfs/driver.ts';
import type { LayerDirectories, SnapshotCleaner, Snapshotter } from '../snapshots/types.ts';

/** The store's storage driver and what it can do beyond the common interface. */
export interface StorageDriver {
  readonly name: DriverName;
  readonly snapshotter: Snapshotter & SnapshotCleaner;
  /** Where a snapshot's own changes lie; undefined for a driver of complete trees. */
  readonly directories: LayerDirectories | undefined;
  /** To be told once. */
  readonly warnings: readonly string[];
}

export interface OpenDriverOptions {
  readonly root: string;
  readonly ledger: SnapshotLedger;
  readonly wish: string | undefined;
}

/**
 * The driver this store uses. What works in a place is tried once, by the first command; later ones take the driver
 * whose folder stands, so that `images` does not mount anything. Throws as `chooseDriver` does.
 */
export async function openDriver({ root, ledger, wish }: OpenDriverOptions): Promise<StorageDriver> {
  const standing = wish === undefined ? standingDriver(root) : undefined;
  if (standing !== undefined) return driverOf(standing, root, ledger, []);
  const { driver, warnings } = await chooseDriver({ root, driver: wish });
  return driverOf(driver, root, ledger, warnings);
}

function standingDriver(root: string): DriverName | undefined {
  if (process.env['STRATA_STORAGE_DRIVER']) return undefined;
  const standing = (['overlay2', 'vfs'] as const).filter((name) => existsSync(join(root, 'snapshots', name)));
  return standing.length === 1 ? standing[0] : undefined;
}

function driverOf(name: DriverName, root: string, ledger: SnapshotLedger, warnings: readonly string[]): StorageDriver {
  if (name === 'vfs') {
    return { name, snapshotter: new VfsSnapshotter({ root, ledger }), directories: undefined, warnings };
  }
  const snapshotter = new Overlay2Snapshotter({ root, ledger });
  return { name, snapshotter, directories: snapshotter, warnings };
}
