import type { JsonFields } from '../spec/fields.ts';

/** How the values of a setting are written. */
export interface SettingType<Value> {
  /** For the documentation. */
  readonly name: string;
  /** Returns the value of `key` in the configuration file, undefined without one. Throws ERR_DOCUMENT_INVALID. */
  readonly read: (file: JsonFields, key: string) => Value | undefined;
}

/** One thing that can be configured. */
export interface Setting<Value, All> {
  /** Its name in the configuration file: docker's, where docker has the same. */
  readonly key: string;
  readonly type: SettingType<Value>;
  /** The environment variable that sets it, too. */
  readonly variable?: Value extends string ? `STRATA_${string}` : never;
  readonly default: Value;
  /** A sentence for the documentation. */
  readonly summary: string;
  /** Says what is wrong with a value, wherever it comes from; undefined when nothing is. */
  readonly problem?: (value: Value, all: All) => string | undefined;
}

export const text: SettingType<string> = { name: 'string', read: (file, key) => file.string(key) };

/** A file does not depend on where somebody is when a command reads it. */
export const path: SettingType<string> = {
  name: 'absolute path',
  read: (file, key) => {
    const value = file.string(key);
    if (value?.startsWith('/') === false) throw file.fail(key, `must be an absolute path, not ${quoted(value)}`);
    return value;
  },
};

export const texts: SettingType<readonly string[]> = {
  name: 'list of strings',
  read: (file, key) => file.strings(key),
};

export const textMap: SettingType<Readonly<Record<string, string>>> = {
  name: 'object of strings',
  read: (file, key) => file.stringMap(key),
};

export const quoted = (value: string): string => JSON.stringify(value.slice(0, 100));
