import { isDiskFull } from '../content/disk-failure.ts';
import type { SnapshotLedger } from '../ledger/types.ts';
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
export const openDriverForReading = async (wish: DriverWish, ledger: SnapshotLedger): Promise<OpenedDriver> =>
  await open(wish, ledger, { driver: expectedDriver(wish).driver, warnings: [] });

/** The driver this store uses: the one whose snapshots it holds, else the one that works. Throws as `chooseDriver` does. */
export async function openDriver(wish: DriverWish, ledger: SnapshotLedger): Promise<OpenedDriver> {
  const inUse = driverInUse(wish);
  return await open(wish, ledger, inUse === undefined ? await choose(wish) : { driver: inUse, warnings: [] });
}

/** Opens the other drivers whose snapshots the store holds: their files go like those of the one in use. */
export async function openOthers(
  { root, table, options }: DriverWish,
  ledger: SnapshotLedger,
  inUse: string,
): Promise<OpenedSnapshotter[]> {
  const others = heldDrivers(root, tableOf({ table })).filter(({ name }) => name !== inUse);
  const opened: OpenedSnapshotter[] = [];
  try {
    for (const { name: driver } of others) opened.push(await openSnapshotter({ driver, table, root, ledger, options }));
    return opened;
  } catch (error) {
    for (const other of opened) await other[Symbol.asyncDispose]();
    throw error;
  }
}

const open = async (
  { root, table, options }: DriverWish,
  ledger: SnapshotLedger,
  { driver, warnings }: Pick<DriverChoice, 'driver' | 'warnings'>,
): Promise<OpenedDriver> => ({
  name: driver,
  snapshotter: await openSnapshotter({ driver, table, root, ledger, options }),
  warnings,
});

/** A full disk has no room for trials, and is to be cleaned up all the same. */
async function choose(wish: DriverWish): Promise<DriverChoice> {
  // Most stores hold snapshots already, which say whose they are.
  const { chooseDriver } = await import('../snapshots/choose-driver.ts');
  try {
    return await chooseDriver(wish);
  } catch (error) {
    if (!isDiskFull(error instanceof Error ? error.cause : error)) throw error;
    return expectedDriver(wish);
  }
}
