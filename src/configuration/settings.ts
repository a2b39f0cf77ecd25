import { type RuntimeDefinitions, runtimeDefinitions, runtimesProblem } from './runtime-definitions.ts';
import { path, quoted, type Setting, text, textMap, texts } from './setting.ts';

/** Everything that can be configured. */
export interface Configuration {
  /** Where the store lies; made by what is first written. */
  readonly root: string;
  /** The name of a storage driver, or `auto` to let one be chosen. */
  readonly storageDriver: string;
  /** Options of the storage driver, `NAME=VALUE` each. */
  readonly storageOptions: readonly string[];
  /** How the output of new containers is kept: `json-file`, `local` or `none`. */
  readonly logDriver: string;
  /** Options of `logDriver`: `max-size`. */
  readonly logOptions: Readonly<Record<string, string>>;
  /** The runtime of new containers and of build steps: `runc`, or a name in `runtimes`. */
  readonly defaultRuntime: string;
  /** Further runtimes by name; `runc` itself may be given another path. */
  readonly runtimes: RuntimeDefinitions;
}

export type SettingName = keyof Configuration;

type Settings = { readonly [Name in SettingName]: Setting<Configuration[Name], Configuration> };

/** The schema of the configuration: where each setting may stand, what it is by default. */
export const settings: Settings = {
  root: {
    key: 'data-root',
    type: path,
    variable: 'STRATA_ROOT',
    default: '/var/lib/strata',
    summary: 'Where the store lies.',
  },
  storageDriver: {
    key: 'storage-driver',
    type: text,
    variable: 'STRATA_STORAGE_DRIVER',
    default: 'auto',
    summary: 'The name of a storage driver, or `auto`, which takes what works there.',
  },
  storageOptions: {
    key: 'storage-opts',
    type: texts,
    default: [],
    summary: 'Options of the storage driver, `NAME=VALUE` each. No driver has one yet.',
    problem: (options) => {
      const wrong = options.find((option) => !/^[^=]+=/.test(option));
      return wrong === undefined ? undefined : `${quoted(wrong)} is not of the form NAME=VALUE`;
    },
  },
  logDriver: {
    key: 'log-driver',
    type: text,
    default: 'json-file',
    summary:
      'How the output of new containers is kept, unless the container asks for another: `json-file`, `local`, `none`.',
  },
  logOptions: {
    key: 'log-opts',
    type: textMap,
    default: {},
    summary: 'Options of that log driver, such as `{"max-size": "10m"}`; a container adds its own.',
  },
  defaultRuntime: {
    key: 'default-runtime',
    type: text,
    default: 'runc',
    summary: 'The runtime of new containers and of build steps, unless the container asks for another.',
    problem: (name, { runtimes }) =>
      name === 'runc' || Object.hasOwn(runtimes, name) ? undefined : `${quoted(name)} is not one of the runtimes`,
  },
  runtimes: {
    key: 'runtimes',
    type: runtimeDefinitions,
    default: {},
    summary: 'Runtimes besides runc, or another path for `runc` itself: `{"crun": {"path": "/usr/bin/crun"}}`.',
    problem: runtimesProblem,
  },
};

export const settingNames: readonly SettingName[] = Object.keys(settings) as SettingName[];
