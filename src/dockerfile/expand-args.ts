import type { ExpandOptions } from './expand-instruction.ts';
import type { ArgInstruction } from './instructions/types.ts';
import { expandWord, type Variables } from './shell-words.ts';

/** Options of a build that expand ARG: `overrides` are its `--build-arg`. */
export interface ArgOptions extends ExpandOptions {
  readonly overrides: ReadonlyMap<string, string>;
}

/**
 * Returns the values of the ARG instructions before the first FROM, put over `predefined` (TARGETPLATFORM and the
 * like). A later ARG sees the earlier ones; an override beats every default.
 *
 * @throws ERR_DOCKERFILE_EXPANSION
 */
export function expandMetaArgs(
  metaArgs: readonly ArgInstruction[],
  predefined: ReadonlyMap<string, string>,
  options: ArgOptions,
): Map<string, string> {
  const values = new Map(predefined);
  for (const { definitions, location } of metaArgs) {
    for (const { key, value } of definitions) {
      const override = options.overrides.get(key);
      if (override !== undefined) values.set(key, override);
      else if (value !== undefined) {
        values.set(key, expandWord(value, values, { escape: options.escape, location }).text);
      }
    }
  }
  return values;
}

export interface StageArg {
  readonly key: string;
  /** Undefined without a value: then a base image's variable of that name stays as it is. */
  readonly value: string | undefined;
  /** Its default in the Dockerfile, also when an override wins. */
  readonly byDefault: string | undefined;
}

/**
 * Returns the values of one ARG inside a stage, in order: the override, else its default, else the value it has before
 * the first FROM. A definition sees the ones before it in the same instruction, unlike ENV.
 *
 * @param variables environment and args of the stage so far
 * @throws ERR_DOCKERFILE_EXPANSION
 */
export function expandStageArgs(
  instruction: ArgInstruction,
  variables: Variables,
  globals: Variables,
  options: ArgOptions,
): StageArg[] {
  const own = new Map<string, string>();
  const seen: Variables = { get: (name) => own.get(name) ?? variables.get(name) };
  const { location } = instruction;
  return instruction.definitions.map(({ key, value }) => {
    const byDefault =
      value === undefined ? undefined : expandWord(value, seen, { escape: options.escape, location }).text;
    const resolved = options.overrides.get(key) ?? byDefault ?? globals.get(key);
    if (resolved !== undefined) own.set(key, resolved);
    return { key, value: resolved, byDefault };
  });
}
