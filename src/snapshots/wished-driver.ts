import { StrataError } from '../errors/index.ts';
import { allDrivers } from './drivers/all.ts';
import type { DriverTable, StorageDriver } from './storage-driver.ts';

/** A store, and what its user wishes for. */
export interface DriverWish {
  /** The store's root, absolute. */
  readonly root: string;
  /** The user's wish; `auto`, the default, is none. */
  readonly driver?: string | undefined;
  /** Default {@link allDrivers}. */
  readonly table?: DriverTable | undefined;
  /** Options of drivers, `NAME=VALUE` each. */
  readonly options?: readonly string[] | undefined;
}

export const tableOf = ({ table }: Pick<DriverWish, 'table'>): DriverTable => table ?? allDrivers;

/** The driver a user asks for. Throws ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED. */
export const wishedDriver = ({ driver = 'auto', table }: Omit<DriverWish, 'root'>): StorageDriver | undefined =>
  driver === 'auto' || driver === '' ? undefined : driverNamed(driver, tableOf({ table }));

/** The driver of that name. Throws ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED. */
export function driverNamed(name: string, { drivers, later }: DriverTable): StorageDriver {
  const found = drivers.find((driver) => driver.name === name);
  if (found !== undefined) return found;
  const hint = `Use ${drivers.map((driver) => driver.name).join(' or ')}, or auto to let one be chosen.`;
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
