import type { JsonFields } from '../spec/fields.ts';

/** The type of a setting's values in the configuration file. */
export interface SettingType<Value> {
  /** Its name in the documentation. */
  readonly name: string;
  /** Returns the value of `key` in the configuration file, undefined without one. Throws ERR_DOCUMENT_INVALID. */
  readonly read: (file: JsonFields, key: string) => Value | undefined;
}

/** One thing that can be configured. */
export interface Setting<Value, All> {
  /** Its name in the configuration file: docker's, where docker has the same. */
  readonly key: string;
  readonly type: SettingType<Value>;
  /** The environment variable that also sets it. */
  readonly variable?: Value extends string ? `STRATA_${string}` : never;
  readonly default: Value;
  /** Its description in the documentation, a sentence. */
  readonly summary: string;
  /** Returns the problem with a value of any source, undefined for a valid one. */
  readonly problem?: (value: Value, all: All) => string | undefined;
}

export const text: SettingType<string> = { name: 'string', read: (file, key) => file.string(key) };

/** An absolute path: a configuration must not depend on the working directory. */
export const path: SettingType<string> = {
  name: 'absolute path',
  read: (file, key) => {
    const value = file.string(key);
    if (value?.startsWith('/') === false) throw file.fail(key, `must be an absolute path, not ${quote(value)}`);
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

export const quote = (value: string): string => JSON.stringify(value.slice(0, 100));
