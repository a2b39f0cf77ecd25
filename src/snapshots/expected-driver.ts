import { invariant } from '../lib/invariant.ts';
import { type DriverChoice, findingsOf } from './driver-choice.ts';
import { heldDrivers } from './held-drivers.ts';
import type { DriverTable, StorageDriver } from './storage-driver.ts';
import { type DriverWish, tableOf, wishedDriver } from './wished-driver.ts';

/**
 * The driver whose snapshots a store holds, if it is one and nobody wishes for another: what `chooseDriver` would
 * pick, without its trials, which take tens of milliseconds. Throws as that does for an impossible wish.
 */
export const driverInUse = (options: DriverWish): string | undefined => findInUse(options)?.name;

/**
 * What `chooseDriver` is likely to pick, without a trial or anything else that is written, for those who only look.
 * Throws as that does for an impossible wish.
 */
export function expectedDriver(options: DriverWish): DriverChoice {
  const table = tableOf(options);
  const wish = wishedDriver(options);
  const held = findInUse(options);
  const driver = held ?? wish ?? likelyOf(table);
  const holds = 'holds the snapshots of this store';
  const wished = wish === undefined ? 'not tried here yet' : `${wish.name} was asked for`;
  const findings = findingsOf(table, driver, (each) => {
    if (held === undefined) return wished;
    return each === held ? holds : `${held.name} ${holds}`;
  });
  return { driver: driver.name, findings, warnings: [] };
}

const likelyOf = ({ drivers }: DriverTable): StorageDriver => {
  const driver = drivers.find((each) => each.isLikely()) ?? drivers.at(-1);
  invariant(driver, 'a table has a driver');
  return driver;
};

function findInUse(options: DriverWish): StorageDriver | undefined {
  const wish = wishedDriver(options);
  const [held, second] = heldDrivers(options.root, tableOf(options));
  return second === undefined && (wish === undefined || wish === held) ? held : undefined;
}
