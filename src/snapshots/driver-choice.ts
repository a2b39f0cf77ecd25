import { notSupportedYet } from './requested-driver.ts';
import type { DriverTable, StorageDriver } from './storage-driver.ts';

export interface DriverFinding {
  readonly driver: string;
  readonly chosen: boolean;
  /** Reason for or against the driver, for people. */
  readonly reason: string;
}

export interface DriverChoice {
  /** Name of the chosen driver. */
  readonly driver: string;
  /** A finding for every driver that a user may know. */
  readonly findings: readonly DriverFinding[];
  /**
   * Warnings for the user, to be shown once: operations that will be slow, attributes that will be lost, snapshots that
   * are hidden.
   */
  readonly warnings: readonly string[];
}

/** Returns a finding for each name of the table. */
export const findingsOf = (
  { drivers, later }: DriverTable,
  chosen: StorageDriver,
  reasonOf: (driver: StorageDriver) => string,
): DriverFinding[] => [
  ...drivers.map((driver) => ({ driver: driver.name, chosen: driver === chosen, reason: reasonOf(driver) })),
  ...later.map((driver) => ({ driver, chosen: false, reason: notSupportedYet })),
];
