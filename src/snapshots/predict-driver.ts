import { invariant } from '../lib/invariant.ts';
import { type DriverChoice, findingsOf } from './driver-choice.ts';
import { driversWithSnapshots } from './drivers-with-snapshots.ts';
import { type DriverRequest, findRequestedDriver, tableOf } from './requested-driver.ts';
import type { DriverTable, StorageDriver } from './storage-driver.ts';

/**
 * Returns the name of the only driver whose snapshots a store holds, unless another one is requested: the result of
 * {@link chooseDriver} without its probes, which take tens of milliseconds. Undefined when the store has no snapshots,
 * or those of several drivers. Throws as `chooseDriver` does for an impossible request.
 */
export const driverInUse = (options: DriverRequest): string | undefined => findInUse(options)?.name;

/**
 * Predicts the result of `chooseDriver` without probing and without writing anything, for commands that only read.
 * Throws as `chooseDriver` does for an impossible request.
 */
export function predictDriver(options: DriverRequest): DriverChoice {
  const table = tableOf(options);
  const requested = findRequestedDriver(options);
  const held = findInUse(options);
  const driver = held ?? requested ?? likelyOf(table);
  const holds = 'holds the snapshots of this store';
  const unlessHeld = requested === undefined ? 'not tried here yet' : `${requested.name} was requested`;
  const findings = findingsOf(table, driver, (each) => {
    if (held === undefined) return unlessHeld;
    return each === held ? holds : `${held.name} ${holds}`;
  });
  return { driver: driver.name, findings, warnings: [] };
}

const likelyOf = ({ drivers }: DriverTable): StorageDriver => {
  const driver = drivers.find((each) => each.isLikely()) ?? drivers.at(-1);
  invariant(driver, 'a table has a driver');
  return driver;
};

function findInUse(options: DriverRequest): StorageDriver | undefined {
  const requested = findRequestedDriver(options);
  const [held, second] = driversWithSnapshots(options.root, tableOf(options));
  return second === undefined && (requested === undefined || requested === held) ? held : undefined;
}
