import { isDiskFull } from '../content/disk-failure.ts';
import type { SnapshotLedger } from '../ledger/types.ts';
import type { DriverChoice } from '../snapshots/driver-choice.ts';
import { driversWithSnapshots } from '../snapshots/drivers-with-snapshots.ts';
import { openSnapshotter } from '../snapshots/open-snapshotter.ts';
import { driverInUse, predictDriver } from '../snapshots/predict-driver.ts';
import { type DriverRequest, tableOf } from '../snapshots/requested-driver.ts';
import type { OpenedSnapshotter } from '../snapshots/storage-driver.ts';

/** The storage driver that a store uses. */
export interface OpenedDriver {
  readonly name: string;
  readonly snapshotter: OpenedSnapshotter;
  /** To be told once. */
  readonly warnings: readonly string[];
}

/** What of the store's driver is needed to look at a store in which nothing may be yet. Throws as `predictDriver` does. */
export const openDriverForReading = async (request: DriverRequest, ledger: SnapshotLedger): Promise<OpenedDriver> =>
  await open(request, ledger, { driver: predictDriver(request).driver, warnings: [] });

/** The driver this store uses: the one whose snapshots it holds, else the one that works. Throws as `chooseDriver` does. */
export async function openDriver(request: DriverRequest, ledger: SnapshotLedger): Promise<OpenedDriver> {
  const inUse = driverInUse(request);
  return await open(request, ledger, inUse === undefined ? await choose(request) : { driver: inUse, warnings: [] });
}

/** Opens the other drivers whose snapshots the store holds: their files go like those of the one in use. */
export async function openOthers(
  { root, table, options }: DriverRequest,
  ledger: SnapshotLedger,
  inUse: string,
): Promise<OpenedSnapshotter[]> {
  const others = driversWithSnapshots(root, tableOf({ table })).filter(({ name }) => name !== inUse);
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
  { root, table, options }: DriverRequest,
  ledger: SnapshotLedger,
  { driver, warnings }: Pick<DriverChoice, 'driver' | 'warnings'>,
): Promise<OpenedDriver> => ({
  name: driver,
  snapshotter: await openSnapshotter({ driver, table, root, ledger, options }),
  warnings,
});

/** A full disk has no room for trials, and is to be cleaned up all the same. */
async function choose(request: DriverRequest): Promise<DriverChoice> {
  // Most stores hold snapshots already, which say whose they are.
  const { chooseDriver } = await import('../snapshots/choose-driver.ts');
  try {
    return await chooseDriver(request);
  } catch (error) {
    if (!isDiskFull(error instanceof Error ? error.cause : error)) throw error;
    return predictDriver(request);
  }
}
