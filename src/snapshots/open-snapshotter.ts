import { optionsFor } from './driver-options.ts';
import { type DriverRequest, findDriver, tableOf } from './requested-driver.ts';
import type { OpenDriverOptions, OpenedSnapshotter } from './storage-driver.ts';

export interface OpenSnapshotterOptions
  extends Omit<OpenDriverOptions, 'options'>,
    Pick<DriverRequest, 'table' | 'options'> {
  /** Name of the driver, from `chooseDriver`. */
  readonly driver: string;
}

/** Opens a driver by its name. Rejects with ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED. */
export async function openSnapshotter({
  driver: name,
  table,
  options,
  ...others
}: OpenSnapshotterOptions): Promise<OpenedSnapshotter> {
  const driver = findDriver(name, tableOf({ table }));
  return await driver.open({ ...others, options: optionsFor(driver, { options }) });
}
