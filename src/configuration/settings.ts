import { path, quoted, type Setting, text, texts } from './setting.ts';

/** Everything that can be configured. */
export interface Configuration {
  /** Where the store lies; made by what is first written. */
  readonly root: string;
  /** `overlay2`, `vfs`, or `auto` to let one be chosen. */
  readonly storageDriver: string;
  /** Options of the storage driver, `NAME=VALUE` each. */
  readonly storageOptions: readonly string[];
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
    summary: 'The storage driver: `overlay2`, `vfs`, or `auto`, which takes what works there.',
  },
  storageOptions: {
    key: 'storage-opts',
    type: texts,
    default: [],
    summary: 'Options of the storage driver, `NAME=VALUE` each. Neither driver has one yet.',
    problem: (options) => {
      const wrong = options.find((option) => !/^[^=]+=/.test(option));
      return wrong === undefined ? undefined : `${quoted(wrong)} is not of the form NAME=VALUE`;
    },
  },
};

export const settingNames: readonly SettingName[] = Object.keys(settings) as SettingName[];
