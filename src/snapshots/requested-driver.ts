import { StrataError } from '../errors/index.ts';
import { allDrivers } from './drivers/all.ts';
import type { DriverTable, StorageDriver } from './storage-driver.ts';

/** A store, and the driver that its user requests. */
export interface DriverRequest {
  /** The store's root, absolute. */
  readonly root: string;
  /** The name of the requested driver; `auto`, the default, requests none. */
  readonly driver?: string | undefined;
  /** Default {@link allDrivers}. */
  readonly table?: DriverTable | undefined;
  /** Options of drivers, `NAME=VALUE` each. */
  readonly options?: readonly string[] | undefined;
}

export const tableOf = ({ table }: Pick<DriverRequest, 'table'>): DriverTable => table ?? allDrivers;

/**
 * Returns the requested driver, undefined without a request. Throws ERR_STORAGE_DRIVER_UNKNOWN,
 * ERR_STORAGE_DRIVER_UNSUPPORTED.
 */
export const findRequestedDriver = ({
  driver = 'auto',
  table,
}: Omit<DriverRequest, 'root'>): StorageDriver | undefined =>
  driver === 'auto' || driver === '' ? undefined : findDriver(driver, tableOf({ table }));

/** Returns the driver of that name. Throws ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED. */
export function findDriver(name: string, { drivers, later }: DriverTable): StorageDriver {
  const found = drivers.find((driver) => driver.name === name);
  if (found !== undefined) return found;
  const hint = `Use ${drivers.map((driver) => driver.name).join(' or ')}, or auto to have one chosen.`;
  if (later.includes(name)) throw driverCannotWork(name, notSupportedYet, hint);
  throw new StrataError({
    code: 'ERR_STORAGE_DRIVER_UNKNOWN',
    message: `storage driver ${name}: unknown`,
    hint,
  });
}

export const notSupportedYet = 'not supported yet';

export const driverCannotWork = (name: string, reason: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_STORAGE_DRIVER_UNSUPPORTED', message: `storage driver ${name}: ${reason}`, hint });
