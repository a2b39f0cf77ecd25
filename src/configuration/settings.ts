import { type RuntimeDefinitions, runtimeDefinitions, runtimesProblem } from './runtime-definitions.ts';
import { path, quote, type Setting, text, textMap, texts } from './setting.ts';

/** All settings. */
export interface Configuration {
  /** Directory of the store, created by the first write. */
  readonly root: string;
  /** Name of a storage driver, or `auto` for the best that works in the directory of the store. */
  readonly storageDriver: string;
  /** Options of the storage driver, `NAME=VALUE` each. */
  readonly storageOptions: readonly string[];
  /** Logging driver of new containers: `json-file`, `local` or `none`. */
  readonly logDriver: string;
  /** Options of `logDriver`: `max-size`. */
  readonly logOptions: Readonly<Record<string, string>>;
  /** Runtime of new containers and of build steps: `runc`, or a name in `runtimes`. */
  readonly defaultRuntime: string;
  /** Further runtimes by name; `runc` itself may be given another path. */
  readonly runtimes: RuntimeDefinitions;
}

export type SettingName = keyof Configuration;

type Settings = { readonly [Name in SettingName]: Setting<Configuration[Name], Configuration> };

/** The schema of the configuration: key, variable, type and default of each setting. */
export const settings: Settings = {
  root: {
    key: 'data-root',
    type: path,
    variable: 'STRATA_ROOT',
    default: '/var/lib/strata',
    summary: 'Directory of the store.',
  },
  storageDriver: {
    key: 'storage-driver',
    type: text,
    variable: 'STRATA_STORAGE_DRIVER',
    default: 'auto',
    summary: 'Storage driver by name, or `auto` for the best that works in the directory of the store.',
  },
  storageOptions: {
    key: 'storage-opts',
    type: texts,
    default: [],
    summary: 'Options of the storage driver, `NAME=VALUE` each. No driver has one yet.',
    problem: (options) => {
      const wrong = options.find((option) => !/^[^=]+=/.test(option));
      return wrong === undefined ? undefined : `${quote(wrong)} is not of the form NAME=VALUE`;
    },
  },
  logDriver: {
    key: 'log-driver',
    type: text,
    default: 'json-file',
    summary: 'Logging driver of new containers, unless the container names another: `json-file`, `local`, `none`.',
  },
  logOptions: {
    key: 'log-opts',
    type: textMap,
    default: {},
    summary: 'Options of that logging driver, such as `{"max-size": "10m"}`; a container adds its own.',
  },
  defaultRuntime: {
    key: 'default-runtime',
    type: text,
    default: 'runc',
    summary: 'Runtime of new containers and of build steps, unless the container names another.',
    problem: (name, { runtimes }) =>
      name === 'runc' || Object.hasOwn(runtimes, name) ? undefined : `${quote(name)} is not one of the runtimes`,
  },
  runtimes: {
    key: 'runtimes',
    type: runtimeDefinitions,
    default: {},
    summary: 'Other runtimes, or another path of `runc` itself: `{"crun": {"path": "/usr/bin/crun"}}`.',
    problem: runtimesProblem,
  },
};

export const settingNames: readonly SettingName[] = Object.keys(settings) as SettingName[];
