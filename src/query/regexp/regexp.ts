import { StrataError } from '../../errors/index.ts';
import { type CharacterTest, isWordCharacter, parseRegexp, type RegexpNode } from './parse-regexp.ts';

type Assertion = (RegexpNode & { readonly kind: 'assertion' })['at'];

type RegexpInstruction =
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'assertion'; readonly at: Assertion }
  | { readonly kind: 'fork'; to: readonly number[] }
  | { readonly kind: 'found' };

const maxInstructions = 4_000;

class Compiler {
  readonly program: RegexpInstruction[] = [];

  constructor(node: RegexpNode) {
    this.#node(node);
    this.#emit({ kind: 'found' });
  }

  #emit<Kind extends RegexpInstruction>(instruction: Kind): Kind {
    if (this.program.length >= maxInstructions) {
      throw new StrataError({
        code: 'ERR_REGEXP_TOO_LARGE',
        message: `regular expression: its repetitions come to more than ${maxInstructions} steps`,
        hint: 'Use smaller bounds; those of nested repetitions multiply.',
      });
    }
    this.program.push(instruction);
    return instruction;
  }

  #fork(): RegexpInstruction & { readonly kind: 'fork' } {
    return this.#emit<RegexpInstruction & { readonly kind: 'fork' }>({ kind: 'fork', to: [] });
  }

  #node(node: RegexpNode): void {
    switch (node.kind) {
      case 'empty':
        break;
      case 'character':
      case 'assertion':
        this.#emit(node);
        break;
      case 'sequence':
        for (const part of node.parts) this.#node(part);
        break;
      case 'choice':
        this.#choice(node.parts);
        break;
      case 'repeat':
        this.#repeat(node);
        break;
    }
  }

  #choice(parts: readonly RegexpNode[]): void {
    const start = this.#fork();
    const ends = parts.map((part) => {
      start.to = [...start.to, this.program.length];
      this.#node(part);
      return this.#fork();
    });
    for (const end of ends) end.to = [this.program.length];
  }

  #repeat({ part, least, most }: RegexpNode & { readonly kind: 'repeat' }): void {
    for (let count = 0; count < least; count++) {
      const before = this.program.length;
      this.#node(part);
      // An empty part stays empty when repeated; nested repetitions of it would not end.
      if (this.program.length === before) return;
    }
    if (most === Number.POSITIVE_INFINITY) {
      const start = this.program.length;
      const enter = this.#fork();
      this.#node(part);
      this.#fork().to = [start];
      enter.to = [start + 1, this.program.length];
      return;
    }
    const skips: (RegexpInstruction & { readonly kind: 'fork' })[] = [];
    for (let count = least; count < most; count++) {
      const skip = this.#fork();
      skip.to = [this.program.length];
      skips.push(skip);
      this.#node(part);
    }
    for (const skip of skips) skip.to = [...skip.to, this.program.length];
  }
}

function holds(at: Assertion, before: number | undefined, after: number | undefined): boolean {
  const isWord = (code: number | undefined): boolean => code !== undefined && isWordCharacter(code);
  switch (at) {
    case 'start':
      return before === undefined;
    case 'end':
      return after === undefined;
    case 'line-start':
      return before === undefined || before === 0x0a;
    case 'line-end':
      return after === undefined || after === 0x0a;
    case 'word':
      return isWord(before) !== isWord(after);
    case 'no-word':
      return isWord(before) === isWord(after);
  }
}

/** A regular expression whose matching takes at most time proportional to its size times the text's. */
export class Regexp {
  readonly #program: readonly RegexpInstruction[];

  private constructor(program: readonly RegexpInstruction[]) {
    this.#program = program;
  }

  /** Throws ERR_REGEXP_INVALID (invalid-argument) or ERR_REGEXP_TOO_LARGE (exhausted). */
  static parse(pattern: string): Regexp {
    return new Regexp(new Compiler(parseRegexp(pattern)).program);
  }

  /** Returns true if it matches anywhere in `text`. */
  test(text: string): boolean {
    const codes = Array.from(text, (char) => char.codePointAt(0) ?? 0);
    let states: ReadonlySet<number> = new Set();
    for (let at = 0; at <= codes.length; at++) {
      const reached = this.#reach([...states, 0], codes[at - 1], codes[at]);
      if (reached.found) return true;
      const code = codes[at];
      if (code === undefined) break;
      states = new Set(reached.waiting.flatMap(({ next, test }) => (test(code) ? [next] : [])));
    }
    return false;
  }

  /** Returns the instructions reachable from `states` without taking a character. */
  #reach(
    states: readonly number[],
    before: number | undefined,
    after: number | undefined,
  ): { readonly found: boolean; readonly waiting: readonly { readonly next: number; readonly test: CharacterTest }[] } {
    const seen = new Set<number>();
    const open = [...states];
    const waiting: { next: number; test: CharacterTest }[] = [];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      if (seen.has(state)) continue;
      seen.add(state);
      const instruction = this.#program[state];
      if (instruction?.kind === 'found') return { found: true, waiting };
      if (instruction?.kind === 'fork') open.push(...instruction.to);
      else if (instruction?.kind === 'character') waiting.push({ next: state + 1, test: instruction.test });
      else if (instruction !== undefined && holds(instruction.at, before, after)) open.push(state + 1);
    }
    return { found: false, waiting };
  }
}
