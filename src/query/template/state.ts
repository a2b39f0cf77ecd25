import { StrataError } from '../../errors/index.ts';
import { utf8 } from '../../lib/bytes.ts';
import { type AnyNode, formatNode } from './nodes.ts';
import type { Template } from './parse.ts';
import { quote } from './quote.ts';
import type { Value } from './values.ts';

/** A template may come from anybody who can call the API: it ends after so much work, whatever it says. */
export const limits: { readonly steps: number; readonly characters: number; readonly depth: number } = {
  steps: 1_000_000,
  characters: 16 << 20,
  depth: 100,
};

export interface Variable {
  readonly name: string;
  value: Value;
}

/** Messages quote what they are about, but not a whole program. */
export const shorten = (text: string): string => (text.length > 2000 ? `${text.slice(0, 2000)}…` : text);

/** What one evaluation knows and has left to spend. */
export class State {
  readonly template: Template;
  /** Name of the definition whose text is being walked. */
  definition: string;
  /** What is being evaluated: messages say so. */
  node: AnyNode | undefined;
  variables: Variable[];
  #steps = limits.steps;
  #characters = limits.characters;

  constructor(template: Template, data: Value) {
    this.template = template;
    this.definition = template.name;
    this.variables = [{ name: '$', value: data }];
  }

  /** ERR_TEMPLATE_FAILED with Go's words for where. */
  fail(problem: string): StrataError {
    const { name, text } = this.template;
    const { node } = this;
    const before = text.slice(0, node?.at ?? 0);
    const column = utf8(before.slice(before.lastIndexOf('\n') + 1)).length;
    const place = `${name}:${before.split('\n').length}:${column}`;
    const at = node === undefined ? '' : shorten(formatNode(node));
    return new StrataError({
      code: 'ERR_TEMPLATE_FAILED',
      message: `template: ${place}: executing ${quote(this.definition)} at <${at}>: ${problem}`,
    });
  }

  #tooMuch(what: string): StrataError {
    return new StrataError({
      code: 'ERR_TEMPLATE_LIMIT',
      message: `template: ${this.template.name}: ${what}`,
    });
  }

  step(count = 1): void {
    this.#steps -= count;
    if (this.#steps < 0) throw this.#tooMuch(`takes more than ${limits.steps} steps`);
  }

  get charactersLeft(): number {
    return this.#characters;
  }

  /** Texts cost what they are long, wherever they are made or looked at. */
  charge(text: string): string {
    this.#characters -= text.length;
    if (this.#characters < 0) throw this.#tooMuch(`handles more than ${limits.characters} characters`);
    return text;
  }
}
