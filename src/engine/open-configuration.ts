import { type ConfigurationOptions, loadConfiguration } from '../configuration/load-configuration.ts';
import { placeOf, type ResolvedConfiguration } from '../configuration/resolve-configuration.ts';
import { type Configuration, type SettingName, settingNames } from '../configuration/settings.ts';
import type { LogConfig } from '../containers/supervised/log-config.ts';
import { isStrataError, restate } from '../errors/index.ts';
import { checkDriverOptions } from '../snapshots/driver-options.ts';
import { findRequestedDriver } from '../snapshots/requested-driver.ts';
import type { DriverTable } from '../snapshots/storage-driver.ts';

interface ConfigurationRequest extends ConfigurationOptions {
  /** Storage drivers to choose from, as for the engine. */
  readonly storageDrivers?: DriverTable;
}

type Check = (values: Configuration, options: ConfigurationRequest) => void | Promise<void>;

/** Checks that need more than the schema of the configuration. Not applied to defaults. */
const checks: { readonly [Name in SettingName]?: Check } = {
  storageDriver: ({ storageDriver: driver }, { storageDrivers: table }) => void findRequestedDriver({ driver, table }),
  storageOptions: ({ storageDriver: driver, storageOptions: options }, { storageDrivers: table }) =>
    checkDriverOptions({ driver, table, options }),
  logDriver: async ({ logDriver }) => await checkLog({ Type: logDriver, Config: {} }),
  logOptions: async ({ logDriver, logOptions }) => await checkLog({ Type: logDriver, Config: logOptions }),
};

async function checkLog(config: LogConfig): Promise<void> {
  const { checkLogConfig } = await import('../containers/supervised/log-config.ts');
  checkLogConfig(config);
}

/**
 * Loads and checks the configuration an engine opens with. An error names the file, key or variable that is wrong. Throws
 * ERR_CONFIGURATION_UNUSABLE, ERR_CONFIGURATION_INVALID, ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED,
 * ERR_STORAGE_OPTION_UNKNOWN, ERR_STORAGE_OPTION_INVALID, ERR_LOG_OPTION_INVALID, ERR_NOT_SUPPORTED_YET.
 */
export async function openConfiguration(options: ConfigurationRequest): Promise<ResolvedConfiguration> {
  const resolved = await loadConfiguration(options, process.env);
  for (const name of settingNames) if (resolved.origins[name].from !== 'default') await check(name, resolved, options);
  return resolved;
}

async function check(
  name: SettingName,
  { values, origins }: ResolvedConfiguration,
  options: ConfigurationRequest,
): Promise<void> {
  try {
    await checks[name]?.(values, options);
  } catch (error) {
    if (!isStrataError(error) || origins[name].from === 'option') throw error;
    throw restate(error, { message: `${placeOf(name, origins[name])}: ${error.message}` });
  }
}
