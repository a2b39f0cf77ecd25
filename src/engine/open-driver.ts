import { isDiskFull } from '../content/disk-failure.ts';
import type { SnapshotLedger } from '../ledger/types.ts';
import {
  chooseDriver,
  type DriverChoice,
  type DriverName,
  driverInUse,
  expectedDriver,
} from '../snapshots/choose-driver.ts';
import { type OpenedSnapshotter, openSnapshotter } from '../snapshots/open-snapshotter.ts';

/** The store's storage driver. */
export interface StorageDriver {
  readonly name: DriverName;
  readonly snapshotter: OpenedSnapshotter;
  /** To be told once. */
  readonly warnings: readonly string[];
}

/** What of the store's driver is needed to look at a store in which nothing may be yet. Throws as `expectedDriver` does. */
export function openDriverToLook(root: string, ledger: SnapshotLedger, wish: string | undefined): StorageDriver {
  const { driver } = expectedDriver({ root, driver: wish });
  return { name: driver, snapshotter: openSnapshotter({ driver, root, ledger }), warnings: [] };
}

/** The driver this store uses: the one whose snapshots it holds, else the one that works. Throws as `chooseDriver` does. */
export function openDriver(root: string, ledger: SnapshotLedger, wish: string | undefined): StorageDriver {
  const inUse = driverInUse({ root, driver: wish });
  const { driver, warnings } = inUse === undefined ? choose(root, wish) : { driver: inUse, warnings: [] };
  return { name: driver, snapshotter: openSnapshotter({ driver, root, ledger }), warnings };
}

/** A full disk has no room for trials, and is to be cleaned up all the same. */
function choose(root: string, wish: string | undefined): DriverChoice {
  try {
    return chooseDriver({ root, driver: wish });
  } catch (error) {
    if (!isDiskFull(error instanceof Error ? error.cause : error)) throw error;
    return expectedDriver({ root, driver: wish });
  }
}
