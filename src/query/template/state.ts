import { StrataError } from '../../errors/index.ts';
import { utf8 } from '../../lib/bytes.ts';
import { type AnyNode, formatNode } from './nodes.ts';
import type { Template } from './parse.ts';
import { quote } from './quote.ts';
import type { Value } from './values.ts';

/** Limits of one evaluation: a template may come from any client of the API. */
export const limits: { readonly steps: number; readonly characters: number; readonly depth: number } = {
  steps: 1_000_000,
  characters: 16 << 20,
  depth: 100,
};

export interface Variable {
  readonly name: string;
  value: Value;
}

/** Cuts a long text for quotes in messages. */
export const shorten = (text: string): string => (text.length > 2000 ? `${text.slice(0, 2000)}…` : text);

/** State of one evaluation, and the rest of its limits. */
export class State {
  readonly template: Template;
  /** Name of the definition being walked. */
  definition: string;
  /** The node being evaluated, for messages. */
  node: AnyNode | undefined;
  variables: Variable[];
  #steps = limits.steps;
  #characters = limits.characters;

  constructor(template: Template, data: Value) {
    this.template = template;
    this.definition = template.name;
    this.variables = [{ name: '$', value: data }];
  }

  /** Creates ERR_TEMPLATE_FAILED with the position in Go's words. */
  fail(problem: string): StrataError {
    const { name, text } = this.template;
    const { node } = this;
    const before = text.slice(0, node?.at ?? 0);
    const column = utf8(before.slice(before.lastIndexOf('\n') + 1)).length;
    const position = `${name}:${before.split('\n').length}:${column}`;
    const at = node === undefined ? '' : shorten(formatNode(node));
    return new StrataError({
      code: 'ERR_TEMPLATE_FAILED',
      message: `template: ${position}: executing ${quote(this.definition)} at <${at}>: ${problem}`,
      hint: 'Correct the template; the function json prints the fields of a value.',
    });
  }

  #tooMuch(what: string): StrataError {
    return new StrataError({
      code: 'ERR_TEMPLATE_LIMIT',
      message: `template: ${this.template.name}: ${what}`,
      hint: 'Use a smaller template, or print json and filter its output.',
    });
  }

  step(count = 1): void {
    this.#steps -= count;
    if (this.#steps < 0) throw this.#tooMuch(`takes more than ${limits.steps} steps`);
  }

  get charactersLeft(): number {
    return this.#characters;
  }

  /** Counts the characters of a text, each time it is made or read. */
  charge(text: string): string {
    this.#characters -= text.length;
    if (this.#characters < 0) throw this.#tooMuch(`handles more than ${limits.characters} characters`);
    return text;
  }
}
