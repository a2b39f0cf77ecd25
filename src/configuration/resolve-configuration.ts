import type { JsonValue } from '../errors/index.ts';
import { configurationInvalid } from './failures.ts';
import { type Configuration, type SettingName, settingNames, settings } from './settings.ts';

/** Source of a value. Options belong to the library; the command passes its flags as options. */
export type SettingOrigin =
  | { readonly from: 'option' | 'default' }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'file'; readonly path: string };

/** A configuration file and the values in it. */
export interface ConfigurationFile {
  readonly path: string;
  readonly values: Partial<Configuration>;
}

export interface ConfigurationSources {
  readonly options: Partial<Configuration>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigurationFile | undefined;
}

/** The values in effect and their sources. */
export interface ResolvedConfiguration {
  readonly values: Configuration;
  readonly origins: Readonly<Record<SettingName, SettingOrigin>>;
  /** Path of the file that was read. */
  readonly file: string | undefined;
}

/**
 * Takes each setting from the first source that has it: option, environment, file, default. An empty variable counts as
 * absent. Throws ERR_CONFIGURATION_INVALID.
 */
export function resolveConfiguration(sources: ConfigurationSources): ResolvedConfiguration {
  const found = settingNames.map((name) => [name, resolveSetting(name, sources)] as const);
  const values = Object.fromEntries(found.map(([name, { value }]) => [name, value])) as unknown as Configuration;
  const origins = Object.fromEntries(found.map(([name, { origin }]) => [name, origin])) as Record<
    SettingName,
    SettingOrigin
  >;
  for (const name of settingNames) {
    const problem = problemOf(name, values);
    if (problem !== undefined)
      throw configurationInvalid(`${placeOf(name, origins[name])}: ${problem}`, hints[origins[name].from]);
  }
  return { values, origins, file: sources.file?.path };
}

const otherValue = 'Give another value. See docs/configuration.md for the values.';

const hints: { readonly [From in SettingOrigin['from']]?: string } = { option: otherValue, environment: otherValue };

interface ResolvedSetting<Value> {
  readonly value: Value;
  readonly origin: SettingOrigin;
}

function resolveSetting<Name extends SettingName>(
  name: Name,
  { options, environment, file }: ConfigurationSources,
): ResolvedSetting<Configuration[Name]> {
  const { variable, default: fallback } = settings[name];
  const option = options[name];
  if (option !== undefined) return { value: option, origin: { from: 'option' } };
  const text = variable === undefined ? undefined : environment[variable];
  // Only settings whose values are text have a variable.
  if (variable !== undefined && text !== undefined && text !== '') {
    return { value: text as Configuration[Name], origin: { from: 'environment', variable } };
  }
  const value = file?.values[name];
  if (file !== undefined && value !== undefined) return { value, origin: { from: 'file', path: file.path } };
  return { value: fallback, origin: { from: 'default' } };
}

const problemOf = <Name extends SettingName>(name: Name, values: Configuration): string | undefined =>
  settings[name].problem?.(values[name], values);

/** Names the source of a value for messages: file and key, the variable, or the bare key. */
export function placeOf(name: SettingName, origin: SettingOrigin): string {
  const { key } = settings[name];
  switch (origin.from) {
    case 'file':
      return `${origin.path}: ${key}`;
    case 'environment':
      return origin.variable;
    default:
      return key;
  }
}

/** A setting with its value and source, for display. */
export interface ShownSetting {
  /** Its name in the configuration file. */
  readonly key: string;
  readonly value: JsonValue;
  readonly origin: SettingOrigin;
}

/** Lists all settings in the order of the schema. */
export const listSettings = ({ values, origins }: ResolvedConfiguration): ShownSetting[] =>
  settingNames.map((name) => ({
    key: settings[name].key,
    value: values[name] as JsonValue,
    origin: origins[name],
  }));
