import { expandStageArgs } from '../../dockerfile/expand-args.ts';
import type { ArgInstruction } from '../../dockerfile/instructions/types.ts';
import type { Variables } from '../../dockerfile/shell-words.ts';
import type { EscapeCharacter } from '../../dockerfile/syntax-tree.ts';

export interface StageArgsOptions {
  readonly escape: EscapeCharacter;
  /** Values of the ARGs before the first FROM, and predefined ones. */
  readonly globals: ReadonlyMap<string, string>;
  /** `--build-arg`. */
  readonly overrides: ReadonlyMap<string, string>;
}

/** The ARGs of a stage while its instructions are read. */
export class StageArgs {
  readonly #options: StageArgsOptions;
  readonly #values = new Map<string, string>();
  readonly #declared = new Set<string>();

  constructor(options: StageArgsOptions) {
    this.#options = options;
  }

  /** ARGs with a value, by name. */
  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  /** Names of all ARGs, in the order of their first declaration. */
  get declared(): ReadonlySet<string> {
    return this.#declared;
  }

  /**
   * Declares the variables of an ARG. Returns the instruction for the history, with expanded defaults: values from
   * `--build-arg` are left out. Throws ERR_DOCKERFILE_EXPANSION.
   */
  declare(instruction: ArgInstruction, variables: Variables): ArgInstruction {
    const { globals, escape, overrides } = this.#options;
    const args = expandStageArgs(instruction, variables, globals, { escape, overrides });
    for (const { key, value } of args) {
      this.#declared.add(key);
      if (value !== undefined) this.#values.set(key, value);
    }
    return {
      ...instruction,
      definitions: args.map(({ key, byDefault }) => ({ key, value: byDefault, description: '' })),
    };
  }
}
