import { type ErrorCode, StrataError } from '../errors/index.ts';
import type { DriverOptions, StorageDriver } from './storage-driver.ts';
import { type DriverWish, tableOf, wishedDriver } from './wished-driver.ts';

/**
 * Refuses an option, `NAME=VALUE`, that the wished driver does not have, or no driver where none is wished for, and a value
 * that the driver has something against. Throws ERR_STORAGE_OPTION_UNKNOWN, ERR_STORAGE_OPTION_INVALID, and what
 * `wishedDriver` throws.
 */
export function checkDriverOptions({ options = [], ...wish }: Omit<DriverWish, 'root'>): void {
  const wished = wishedDriver(wish);
  const drivers = wished === undefined ? tableOf(wish).drivers : [wished];
  for (const option of options) {
    const [name, value] = split(option);
    const owner = drivers.find((driver) => hasOption(driver, name));
    if (owner === undefined) throw unknown(option, wished, tableOf(wish).drivers);
    const problem = owner.options?.[name]?.(value);
    if (problem !== undefined) throw refused('ERR_STORAGE_OPTION_INVALID', option, problem, 'Give another value.');
  }
}

/** Returns what is given for a driver's own options; of one that is given twice the last value. */
export const optionsFor = (driver: StorageDriver, { options = [] }: Pick<DriverWish, 'options'>): DriverOptions =>
  Object.fromEntries(options.map(split).filter(([name]) => hasOption(driver, name)));

const hasOption = ({ options = {} }: StorageDriver, name: string): boolean => Object.hasOwn(options, name);

function split(option: string): readonly [name: string, value: string] {
  const end = option.indexOf('=');
  return end < 0 ? [option, ''] : [option.slice(0, end), option.slice(end + 1)];
}

function unknown(option: string, wished: StorageDriver | undefined, all: readonly StorageDriver[]): StrataError {
  const namesOf = (drivers: readonly StorageDriver[]): string[] =>
    drivers.flatMap(({ options = {} }) => Object.keys(options));
  const known = namesOf(wished === undefined ? all : [wished]);
  const none =
    wished === undefined || namesOf(all).length === 0 ? 'no driver has options' : `${wished.name} has no options`;
  const hint = known.length === 0 ? `Leave it out: ${none}.` : `Known are ${known.join(', ')}.`;
  const problem = `unknown to ${wished === undefined ? 'every storage driver' : wished.name}`;
  return refused('ERR_STORAGE_OPTION_UNKNOWN', option, problem, hint);
}

const refused = (code: ErrorCode, option: string, problem: string, hint: string): StrataError =>
  new StrataError({ code, message: `storage option ${option.slice(0, 100)}: ${problem}`, hint });
