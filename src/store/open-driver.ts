import { isDiskFull } from '../content/disk-failure.ts';
import type { SnapshotLedger } from '../ledger/types.ts';
import { chooseDriver } from '../snapshots/choose-driver.ts';
import type { DriverChoice } from '../snapshots/driver-choice.ts';
import { driverInUse, expectedDriver } from '../snapshots/expected-driver.ts';
import { heldDrivers } from '../snapshots/held-drivers.ts';
import { openSnapshotter } from '../snapshots/open-snapshotter.ts';
import type { OpenedSnapshotter } from '../snapshots/storage-driver.ts';
import { type DriverWish, tableOf } from '../snapshots/wished-driver.ts';

/** The storage driver that a store uses. */
export interface OpenedDriver {
  readonly name: string;
  readonly snapshotter: OpenedSnapshotter;
  /** To be told once. */
  readonly warnings: readonly string[];
}

/** What of the store's driver is needed to look at a store in which nothing may be yet. Throws as `expectedDriver` does. */
export const openDriverToLook = (wish: DriverWish, ledger: SnapshotLedger): OpenedDriver =>
  open(wish, ledger, { driver: expectedDriver(wish).driver, warnings: [] });

/** The driver this store uses: the one whose snapshots it holds, else the one that works. Throws as `chooseDriver` does. */
export function openDriver(wish: DriverWish, ledger: SnapshotLedger): OpenedDriver {
  const inUse = driverInUse(wish);
  return open(wish, ledger, inUse === undefined ? choose(wish) : { driver: inUse, warnings: [] });
}

/** Opens the other drivers whose snapshots the store holds: their files go like those of the one in use. */
export const openOthers = (
  { root, table, options }: DriverWish,
  ledger: SnapshotLedger,
  inUse: string,
): OpenedSnapshotter[] =>
  heldDrivers(root, tableOf({ table }))
    .filter(({ name }) => name !== inUse)
    .map(({ name: driver }) => openSnapshotter({ driver, table, root, ledger, options }));

const open = (
  { root, table, options }: DriverWish,
  ledger: SnapshotLedger,
  { driver, warnings }: Pick<DriverChoice, 'driver' | 'warnings'>,
): OpenedDriver => ({ name: driver, snapshotter: openSnapshotter({ driver, table, root, ledger, options }), warnings });

/** A full disk has no room for trials, and is to be cleaned up all the same. */
function choose(wish: DriverWish): DriverChoice {
  try {
    return chooseDriver(wish);
  } catch (error) {
    if (!isDiskFull(error instanceof Error ? error.cause : error)) throw error;
    return expectedDriver(wish);
  }
}
