import { optionsFor } from './driver-options.ts';
import type { OpenDriverOptions, OpenedSnapshotter } from './storage-driver.ts';
import { type DriverWish, driverNamed, tableOf } from './wished-driver.ts';

export interface OpenSnapshotterOptions
  extends Omit<OpenDriverOptions, 'options'>,
    Pick<DriverWish, 'table' | 'options'> {
  /** As `chooseDriver` picked it. */
  readonly driver: string;
}

/** Opens a driver by its name. Rejects with ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED. */
export async function openSnapshotter({
  driver: name,
  table,
  options,
  ...place
}: OpenSnapshotterOptions): Promise<OpenedSnapshotter> {
  const driver = driverNamed(name, tableOf({ table }));
  return await driver.open({ ...place, options: optionsFor(driver, { options }) });
}
