import type { JsonFields } from '../spec/fields.ts';
import { quote, type SettingType } from './setting.ts';

/** A program that runs containers, in the form of docker's `runtimes`. */
export interface RuntimeDefinition {
  /** Absolute path, or the bare name of a program in one of the system's directories. */
  readonly path: string;
  /** Arguments before each of its commands. */
  readonly runtimeArgs?: readonly string[];
}

export type RuntimeDefinitions = Readonly<Record<string, RuntimeDefinition>>;

export const runtimeDefinitions: SettingType<RuntimeDefinitions> = {
  name: 'object: by name, `path` and `runtimeArgs`',
  read: (file, key) => {
    const map = file.object(key, []);
    if (map === undefined) return undefined;
    return Object.fromEntries(map.names().map((name) => [name, definitionOf(map, name)]));
  },
};

const fieldNames: readonly string[] = ['path', 'runtimeArgs'];

function definitionOf(map: JsonFields, name: string): RuntimeDefinition {
  const definition = map.object(name, fieldNames);
  if (definition === undefined) throw map.fail(name, 'must be an object with a path');
  // Docker's `runtimeType` and `options` are for shims of containerd.
  const unknown = definition.names().find((field) => !fieldNames.includes(field));
  if (unknown !== undefined) {
    throw definition.fail(unknown.slice(0, 100), 'is not supported: a runtime has a path and runtimeArgs');
  }
  const runtimeArgs = definition.strings('runtimeArgs');
  return { path: definition.requiredString('path'), ...(runtimeArgs === undefined ? {} : { runtimeArgs }) };
}

/** Returns the problem of the first invalid definition, undefined without one. */
export function runtimesProblem(runtimes: RuntimeDefinitions): string | undefined {
  for (const [name, { path, runtimeArgs = [] }] of Object.entries(runtimes)) {
    if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) return `${quote(name)} is not a valid name of a runtime`;
    if (!path.startsWith('/') && !/^[\w.+-]+$/.test(path)) {
      return `${name}: path must be absolute or the name of a program, not ${quote(path)}`;
    }
    if ([path, ...runtimeArgs].some((word) => word.includes('\0'))) return `${name}: contains a NUL character`;
  }
  return undefined;
}
