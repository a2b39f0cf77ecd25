import { type ErrorCode, StrataError } from '../errors/index.ts';
import { type DriverRequest, findRequestedDriver, tableOf } from './requested-driver.ts';
import type { DriverOptions, StorageDriver } from './storage-driver.ts';

/**
 * Refuses an option, `NAME=VALUE`, that the requested driver does not have (without a request: that no driver has), and
 * a value that its driver refuses. Throws ERR_STORAGE_OPTION_UNKNOWN, ERR_STORAGE_OPTION_INVALID, and the errors of
 * `findRequestedDriver`.
 */
export function checkDriverOptions({ options = [], ...request }: Omit<DriverRequest, 'root'>): void {
  const requested = findRequestedDriver(request);
  const drivers = requested === undefined ? tableOf(request).drivers : [requested];
  for (const option of options) {
    const [name, value] = split(option);
    const owner = drivers.find((driver) => hasOption(driver, name));
    if (owner === undefined) throw unknownOption(option, requested, tableOf(request).drivers);
    const problem = owner.options?.[name]?.(value);
    if (problem !== undefined) throw optionError('ERR_STORAGE_OPTION_INVALID', option, problem, 'Give another value.');
  }
}

/** Returns the values given for a driver's own options; for an option given twice the last one. */
export const optionsFor = (driver: StorageDriver, { options = [] }: Pick<DriverRequest, 'options'>): DriverOptions =>
  Object.fromEntries(options.map(split).filter(([name]) => hasOption(driver, name)));

const hasOption = ({ options = {} }: StorageDriver, name: string): boolean => Object.hasOwn(options, name);

function split(option: string): readonly [name: string, value: string] {
  const end = option.indexOf('=');
  return end < 0 ? [option, ''] : [option.slice(0, end), option.slice(end + 1)];
}

function unknownOption(
  option: string,
  requested: StorageDriver | undefined,
  all: readonly StorageDriver[],
): StrataError {
  const namesOf = (drivers: readonly StorageDriver[]): string[] =>
    drivers.flatMap(({ options = {} }) => Object.keys(options));
  const known = namesOf(requested === undefined ? all : [requested]);
  const none =
    requested === undefined || namesOf(all).length === 0 ? 'no driver has options' : `${requested.name} has no options`;
  const hint = known.length === 0 ? `Leave it out: ${none}.` : `Use one of ${known.join(', ')}.`;
  const problem = `unknown to ${requested === undefined ? 'every storage driver' : requested.name}`;
  return optionError('ERR_STORAGE_OPTION_UNKNOWN', option, problem, hint);
}

const optionError = (code: ErrorCode, option: string, problem: string, hint: string): StrataError =>
  new StrataError({ code, message: `storage option ${option.slice(0, 100)}: ${problem}`, hint });
