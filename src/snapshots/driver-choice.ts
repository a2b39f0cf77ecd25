import type { DriverTable, StorageDriver } from './storage-driver.ts';
import { notSupportedYet } from './wished-driver.ts';

export interface DriverFinding {
  readonly driver: string;
  readonly chosen: boolean;
  /** Why, or why not, for people. */
  readonly reason: string;
}

export interface DriverChoice {
  /** The name of the driver. */
  readonly driver: string;
  /** Every driver a user may have heard of. */
  readonly findings: readonly DriverFinding[];
  /** To be told once: what will be slow, lost, or not be seen. */
  readonly warnings: readonly string[];
}

/** A finding for each name of the table. */
export const findingsOf = (
  { drivers, later }: DriverTable,
  chosen: StorageDriver,
  reasonOf: (driver: StorageDriver) => string,
): DriverFinding[] => [
  ...drivers.map((driver) => ({ driver: driver.name, chosen: driver === chosen, reason: reasonOf(driver) })),
  ...later.map((driver) => ({ driver, chosen: false, reason: notSupportedYet })),
];
