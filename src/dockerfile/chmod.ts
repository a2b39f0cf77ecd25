import { valueError } from './dockerfile-error.ts';
import { excerpt } from './quote.ts';
import type { LineRange } from './syntax-tree.ts';

/** Change of a mode by `--chmod`: twelve permission bits in, twelve bits out. */
export type ChmodChange = (mode: number, isDirectory: boolean) => number;

const setIds = 0o6000;
const sticky = 0o1000;
const rwxAll = 0o777;
const execute = 0o111;
const whoBits: ReadonlyMap<string, number> = new Map([
  ['u', 0o4700],
  ['g', 0o2070],
  ['o', 0o0007],
  ['a', setIds | rwxAll],
]);
const permissionBits: ReadonlyMap<string, number> = new Map([
  ['r', 0o444],
  ['w', 0o222],
  ['x', execute],
]);
const classShift: ReadonlyMap<string, number> = new Map([
  ['u', 6],
  ['g', 3],
  ['o', 0],
]);

/** One step of a symbolic mode: `current` is the mode so far, `before` the one the file had. */
type Step = (current: number, before: number, isDirectory: boolean) => number;

class SymbolicMode {
  readonly #text: string;
  readonly #steps: Step[] = [];
  #index = 0;
  /** True once `=` has cleared. BSD's clears once per clause: `u=rX` does not clear for `X` again. */
  #cleared = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the steps; undefined when the text is malformed. */
  parse(): readonly Step[] | undefined {
    do if (!this.#clause()) return undefined;
    while (this.#text[this.#index++] === ',');
    return this.#index > this.#text.length ? this.#steps : undefined;
  }

  #peek(): string {
    return this.#text.charAt(this.#index);
  }

  #clause(): boolean {
    let who = 0;
    for (let bits = whoBits.get(this.#peek()); bits !== undefined; bits = whoBits.get(this.#peek())) {
      who |= bits;
      this.#index++;
    }
    if (!'+-='.includes(this.#peek()) || this.#peek() === '') return false;
    while (this.#peek() !== '' && '+-='.includes(this.#peek())) this.#operation(who);
    return true;
  }

  /** Reads one of `+rw`, `-x`, `=u`. */
  #operation(named: number): void {
    const operator = this.#peek();
    this.#index++;
    if (operator === '=') this.#cleared = false;
    let who = named;
    let bits = 0;
    let conditional = 0;
    const onlyOthers = who !== 0 && (who & ~0o7) === 0;
    for (; ; this.#index++) {
      const letter = this.#peek();
      const plain = permissionBits.get(letter);
      if (plain !== undefined) bits |= plain;
      else if (letter === 'X' && operator === '-') bits |= execute;
      else if (letter === 'X') conditional |= execute;
      else if (letter === 's') bits |= onlyOthers ? 0 : setIds;
      else if (letter === 't' && !onlyOthers) {
        // `t` adds the sticky bit to the classes of this operation: `a` alone does not include it.
        who |= sticky;
        bits |= sticky;
      } else if (letter !== 't') {
        const copied = classShift.get(letter);
        this.#flush(operator, who, bits, conditional, copied !== undefined);
        if (copied === undefined) return;
        bits = 0;
        conditional = 0;
        if (operator === '=') this.#cleared = true;
        this.#copy(operator, who, copied);
      }
    }
  }

  #flush(operator: string, who: number, bits: number, conditional: number, beforeCopy: boolean): void {
    if (bits !== 0 || (operator === '=' && !this.#cleared && !beforeCopy)) this.#set(operator, who, bits);
    if (conditional === 0) return;
    const added = who === 0 ? conditional : who & conditional;
    this.#steps.push((current, before, isDirectory) =>
      isDirectory || (before & execute) !== 0 ? current | added : current,
    );
  }

  #set(operator: string, who: number, bits: number): void {
    const chosen = who === 0 ? bits : who & bits;
    if (operator === '+') this.#steps.push((current) => current | chosen);
    else if (operator === '-') this.#steps.push((current) => current & ~chosen);
    else {
      this.#cleared = true;
      const clear = who === 0 ? setIds | rwxAll : who;
      this.#steps.push((current) => (current & ~clear) | chosen);
    }
  }

  #copy(operator: string, who: number, shift: number): void {
    const classes = [...classShift.values()].filter((to) => who === 0 || (who & (0o4 << to)) !== 0);
    const spread = (value: number): number => classes.reduce((all, to) => all | (value << to), 0);
    const clear = spread(0o7);
    this.#steps.push((current) => {
      const copied = spread((current >> shift) & 0o7);
      if (operator === '+') return current | copied;
      return operator === '-' ? current & ~copied : (current & ~clear) | copied;
    });
  }
}

/**
 * Reads the value of `--chmod`: octal up to 07777, or symbolic like BSD's chmod(1) with a umask of zero
 * (`u=rwX,go=rX`).
 *
 * @throws ERR_DOCKERFILE_VALUE
 */
export function parseChmod(text: string, at?: LineRange): ChmodChange {
  const octal = /^[0-9]/.test(text);
  if (octal && text.length <= 11 && /^[0-7]+$/.test(text) && Number.parseInt(text, 8) <= 0o7777) {
    const mode = Number.parseInt(text, 8);
    return () => mode;
  }
  const steps = octal || text.length > 1000 ? undefined : new SymbolicMode(text).parse();
  if (steps === undefined) {
    const expected = octal ? '. it should be octal string and between 0 and 07777' : ': invalid syntax';
    throw valueError(
      `invalid chmod parameter: '${excerpt(text)}'${expected}`,
      at,
      'Give an octal mode such as 0755, or a symbolic one such as u=rwX,go=rX.',
    );
  }
  return (mode, isDirectory) => steps.reduce((current, step) => step(current, mode, isDirectory), mode & 0o7777);
}
