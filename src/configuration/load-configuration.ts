import { findConfigurationFile } from './configuration-file.ts';
import { type ConfigurationFile, type ResolvedConfiguration, resolveConfiguration } from './resolve-configuration.ts';
import type { Configuration } from './settings.ts';

export interface ConfigurationOptions extends Partial<Configuration> {
  /**
   * Path of the configuration file; `false` for none. Default: `STRATA_CONFIG`, else a user's own file,
   * `strata/config.json` in `XDG_CONFIG_HOME` or `~/.config`, else `/etc/strata/config.json`.
   */
  readonly configurationFile?: string | false;
}

/** Loads the configuration from options, `environment` and file. Throws ERR_CONFIGURATION_UNUSABLE, ERR_CONFIGURATION_INVALID. */
export async function loadConfiguration(
  options: ConfigurationOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ResolvedConfiguration> {
  const file = await readFile(options.configurationFile, environment);
  return resolveConfiguration({ options, environment, file });
}

async function readFile(
  requested: string | false | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ConfigurationFile | undefined> {
  const found = findConfigurationFile(requested, environment);
  if (found === undefined) return undefined;
  const { parseConfiguration } = await import('./parse-configuration.ts');
  return { path: found.path, values: parseConfiguration(found.path, found.bytes) };
}
