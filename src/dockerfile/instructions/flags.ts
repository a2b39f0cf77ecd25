import { excerpt } from '../quote.ts';
import type { SyntaxNode } from '../syntax-tree.ts';
import { didYouMean } from './did-you-mean.ts';
import { instructionError } from './origin.ts';

type FlagType = 'boolean' | 'string' | 'strings';

/** The values of an instruction's flags, by name without dashes. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** Names of the given flags, in order. */
  get used(): string[] {
    return [...this.#values.keys()];
  }

  /** Empty when not given. */
  string(name: string): string {
    return this.#values.get(name)?.[0] ?? '';
  }

  strings(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Undefined when not given. */
  boolean(name: string): boolean | undefined {
    const value = this.#values.get(name)?.[0];
    return value === undefined ? undefined : value === 'true';
  }
}

function readBoolean(node: SyntaxNode, flag: string, value: string | undefined): string {
  const hint = `Write ${flag}=true or ${flag}=false.`;
  if (value === '') throw instructionError(node, `missing a value on flag: ${flag}`, hint);
  const lower = (value ?? 'true').toLowerCase();
  if (lower === 'true' || lower === 'false') return lower;
  throw instructionError(node, `expecting boolean value for flag ${flag}, not: ${excerpt(value ?? '')}`, hint);
}

const hintOfFlags = (names: readonly string[]): string =>
  names.length === 0
    ? 'Leave the flag out: this instruction has none.'
    : `Give a flag of this instruction: ${names.map((name) => `--${name}`).join(', ')}.`;

/**
 * Checks a node's flags against those of its instruction.
 *
 * @throws ERR_DOCKERFILE_SYNTAX for unknown, repeated and malformed flags
 */
export function readFlags(node: SyntaxNode, known: Readonly<Record<string, FlagType>> = {}): Flags {
  const types = new Map(Object.entries(known));
  const values = new Map<string, string[]>();
  for (const text of node.flags) {
    // A lone `--` ends the flags; the parser never passes one on.
    if (text === '--') break;
    if (!text.startsWith('--')) throw instructionError(node, `arg should start with -- : ${excerpt(text)}`);
    const equals = text.indexOf('=');
    const flag = equals < 0 ? text : text.slice(0, equals);
    const value = equals < 0 ? undefined : text.slice(equals + 1);
    const name = flag.slice(2);
    const type = types.get(name);
    if (type === undefined) {
      throw instructionError(
        node,
        `unknown flag: ${excerpt(flag)}${didYouMean(name, [...types.keys()])}`,
        hintOfFlags([...types.keys()]),
      );
    }
    const before = values.get(name) ?? [];
    if (before.length > 0 && type !== 'strings')
      throw instructionError(node, `duplicate flag specified: ${flag}`, 'Give the flag once.');
    if (type === 'boolean') before.push(readBoolean(node, flag, value));
    else if (value === undefined)
      throw instructionError(node, `missing a value on flag: ${flag}`, `Write ${flag}=VALUE.`);
    else before.push(value);
    values.set(name, before);
  }
  return new Flags(values);
}
