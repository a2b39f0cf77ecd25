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
  /** Warnings to be printed once. */
  readonly warnings: readonly string[];
}

/** Opens the expected driver of a store that may not exist yet, for reading. Throws as `predictDriver`. */
export const openDriverForReading = async (request: DriverRequest, ledger: SnapshotLedger): Promise<OpenedDriver> =>
  await open(request, ledger, { driver: predictDriver(request).driver, warnings: [] });

/**
 * Opens the driver of a store: the one whose snapshots it holds, else the first that works. Throws as `chooseDriver`.
 */
export async function openDriver(request: DriverRequest, ledger: SnapshotLedger): Promise<OpenedDriver> {
  const inUse = driverInUse(request);
  return await open(request, ledger, inUse === undefined ? await choose(request) : { driver: inUse, warnings: [] });
}

/** Opens the other drivers whose snapshots the store holds, so that these can be removed as well. */
export async function openOtherDrivers(
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

/** Chooses a driver by trials. On a full disk, where trials fail, predicts it, so that the store can be cleaned up. */
async function choose(request: DriverRequest): Promise<DriverChoice> {
  // Loaded here, because most stores hold snapshots already, which determine the driver.
  const { chooseDriver } = await import('../snapshots/choose-driver.ts');
  try {
    return await chooseDriver(request);
  } catch (error) {
    if (!isDiskFull(error instanceof Error ? error.cause : error)) throw error;
    return predictDriver(request);
  }
}
