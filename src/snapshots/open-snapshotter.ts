import type { OpenDriverOptions, OpenedSnapshotter } from './storage-driver.ts';
import { type DriverWish, driverNamed, tableOf } from './wished-driver.ts';

export interface OpenSnapshotterOptions extends OpenDriverOptions, Pick<DriverWish, 'table'> {
  /** As `chooseDriver` picked it. */
  readonly driver: string;
}

/** Opens a driver by its name. Throws ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED. */
export const openSnapshotter = ({ driver, table, ...options }: OpenSnapshotterOptions): OpenedSnapshotter =>
  driverNamed(driver, tableOf({ table })).open(options);
