import { StrataError } from '../../errors/index.ts';

/** Returns true for a code point that matches. */
export type CharacterTest = (code: number) => boolean;

export type RegexpNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'assertion'; readonly at: 'start' | 'end' | 'line-start' | 'line-end' | 'word' | 'no-word' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly RegexpNode[] }
  | { readonly kind: 'repeat'; readonly part: RegexpNode; readonly least: number; readonly most: number };

interface RegexpFlags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly multiLine: boolean;
}

const maxLength = 1000;
const maxRepeat = 1000;
const maxNesting = 100;

const between =
  (low: number, high: number): CharacterTest =>
  (code) =>
    code >= low && code <= high;

const isDigit = between(0x30, 0x39);
const isSpace: CharacterTest = (code) => code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b);

export const isWordCharacter: CharacterTest = (code) =>
  isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f;

const classes: { readonly [letter: string]: CharacterTest } = { d: isDigit, s: isSpace, w: isWordCharacter };

const posix: { readonly [name: string]: RegExp } = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  ascii: /[\u0000-\u007f]/,
  blank: /[\t ]/,
  cntrl: /[\u0000-\u001f\u007f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t\n\v\f\r ]/,
  upper: /[A-Z]/,
  word: /[0-9A-Za-z_]/,
  xdigit: /[0-9A-Fa-f]/,
};

const controls: { readonly [letter: string]: number } = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

const caseVariants = (code: number): readonly number[] => {
  const char = String.fromCodePoint(code);
  return [char.toLowerCase(), char.toUpperCase()].flatMap((other) =>
    Array.from(other).length === 1 ? [other.codePointAt(0) ?? code] : [],
  );
};

class RegexpParser {
  readonly #pattern: string;
  readonly #chars: readonly string[];
  #at = 0;
  #nesting = 0;
  #flags: RegexpFlags = { ignoreCase: false, dotAll: false, multiLine: false };

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#chars = Array.from(pattern);
  }

  run(): RegexpNode {
    if (this.#pattern.length > maxLength) throw this.#fail('is too long');
    const node = this.#choice();
    if (this.#at < this.#chars.length) throw this.#fail('has an unexpected )');
    return node;
  }

  #fail(problem: string): StrataError {
    return new StrataError({
      code: 'ERR_REGEXP_INVALID',
      message: `regular expression ${JSON.stringify(this.#pattern.slice(0, 100))}: ${problem}`,
      hint: 'Correct the expression; its syntax is that of RE2, as in Go.',
    });
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #skip(text: string): boolean {
    const here = this.#chars.slice(this.#at, this.#at + text.length).join('');
    if (here !== text) return false;
    this.#at += text.length;
    return true;
  }

  #choice(): RegexpNode {
    if (++this.#nesting > maxNesting) throw this.#fail('is nested too deeply');
    const parts = [this.#sequence()];
    while (this.#skip('|')) parts.push(this.#sequence());
    this.#nesting--;
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: 'choice', parts };
  }

  #sequence(): RegexpNode {
    const parts: RegexpNode[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      const atom = this.#atom();
      if (atom !== undefined) parts.push(this.#repetition(atom));
    }
    return { kind: 'sequence', parts };
  }

  #repetition(part: RegexpNode): RegexpNode {
    const bounds = this.#bounds();
    if (bounds === undefined) return part;
    // Lazy or greedy: both match the same texts.
    this.#skip('?');
    if (this.#bounds() !== undefined) throw this.#fail('repeats a repetition');
    return { kind: 'repeat', part, ...bounds };
  }

  #bounds(): { readonly least: number; readonly most: number } | undefined {
    if (this.#skip('*')) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.#skip('+')) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.#skip('?')) return { least: 0, most: 1 };
    if (this.#peek() !== '{') return undefined;
    // Anything but {n}, {n,} and {n,m} is a literal brace.
    const found = /^\{(\d{1,9})(?:(,)(\d{1,9})?)?\}/.exec(this.#chars.slice(this.#at, this.#at + 22).join(''));
    if (found === null) return undefined;
    this.#at += found[0].length;
    const least = Number(found[1]);
    const most = found[2] === undefined ? least : found[3] === undefined ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (least > maxRepeat || (most > maxRepeat && Number.isFinite(most)) || least > most) {
      throw this.#fail('has an invalid repeat count');
    }
    return { least, most };
  }

  #character(test: CharacterTest): RegexpNode {
    if (!this.#flags.ignoreCase) return { kind: 'character', test };
    return { kind: 'character', test: (code) => test(code) || caseVariants(code).some(test) };
  }

  #literal(code: number): RegexpNode {
    return this.#character((other) => other === code);
  }

  #atom(): RegexpNode | undefined {
    if (this.#bounds() !== undefined) throw this.#fail('has nothing to repeat');
    const char = this.#chars[this.#at++] ?? '';
    const { dotAll, multiLine } = this.#flags;
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '.':
        return { kind: 'character', test: (code) => dotAll || code !== 0x0a };
      case '^':
        return { kind: 'assertion', at: multiLine ? 'line-start' : 'start' };
      case '$':
        return { kind: 'assertion', at: multiLine ? 'line-end' : 'end' };
      case '\\':
        return this.#escape();
      default:
        return this.#literal(char.codePointAt(0) ?? 0);
    }
  }

  /** Parses `(…)`, `(?:…)`, `(?P<name>…)`, `(?i:…)`, or `(?i)`, which is no atom but sets flags from here on. */
  #group(): RegexpNode | undefined {
    const outer = this.#flags;
    if (this.#skip('?')) {
      const head = /^(?:P?<\w+>|([ims]*)(?:-([ims]+))?([:)]))/.exec(
        this.#chars.slice(this.#at, this.#at + 64).join(''),
      );
      if (head === null) throw this.#fail('has an unknown kind of group');
      this.#at += head[0].length;
      const [, on = '', off = '', end] = head;
      const is = (letter: string, now: boolean): boolean => (now || on.includes(letter)) && !off.includes(letter);
      this.#flags = {
        ignoreCase: is('i', outer.ignoreCase),
        dotAll: is('s', outer.dotAll),
        multiLine: is('m', outer.multiLine),
      };
      if (end === ')') return undefined;
    }
    const inner = this.#choice();
    if (!this.#skip(')')) throw this.#fail('is missing a )');
    this.#flags = outer;
    return inner;
  }

  #escape(): RegexpNode {
    const letter = this.#peek();
    const assertion = { A: 'start', z: 'end', b: 'word', B: 'no-word' } as const;
    if (letter !== undefined && Object.hasOwn(assertion, letter)) {
      this.#at++;
      return { kind: 'assertion', at: assertion[letter as keyof typeof assertion] };
    }
    const test = this.#escapedClass();
    return test === undefined ? this.#literal(this.#escapedCode()) : this.#character(test);
  }

  /** Parses `\d`, `\S` and the like, after the backslash. */
  #escapedClass(): CharacterTest | undefined {
    const letter = this.#peek() ?? '';
    const test = Object.hasOwn(classes, letter.toLowerCase()) ? classes[letter.toLowerCase()] : undefined;
    if (test === undefined) return undefined;
    this.#at++;
    return letter >= 'a' ? test : (code) => !test(code);
  }

  #escapedCode(): number {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw this.#fail('ends in a backslash');
    if (Object.hasOwn(controls, char)) return controls[char] ?? 0;
    if (char === 'x') {
      const rest = this.#chars.slice(this.#at, this.#at + 10).join('');
      const found = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest);
      if (found === null) throw this.#fail('has an invalid escape');
      this.#at += found[0].length;
      return Number.parseInt(found[1] ?? found[2] ?? '', 16);
    }
    if (/[0-9A-Za-z]/.test(char)) throw this.#fail(`has an unknown escape \\${char}`);
    return char.codePointAt(0) ?? 0;
  }

  #class(): RegexpNode {
    const negated = this.#skip('^');
    const tests: CharacterTest[] = [];
    do tests.push(this.#classItem());
    while (this.#peek() !== ']');
    this.#at++;
    const { test } = this.#character((code) => tests.some((item) => item(code))) as { readonly test: CharacterTest };
    return { kind: 'character', test: negated ? (code) => !test(code) : test };
  }

  #classItem(): CharacterTest {
    const named = /^\[:(\^?)(\w+):\]/.exec(this.#chars.slice(this.#at, this.#at + 14).join(''));
    if (named !== null) {
      const set = Object.hasOwn(posix, named[2] ?? '') ? posix[named[2] ?? ''] : undefined;
      if (set === undefined) throw this.#fail('has an unknown character class');
      this.#at += named[0].length;
      return (code) => set.test(String.fromCodePoint(code)) !== (named[1] === '^');
    }
    if (this.#skip('\\')) {
      const test = this.#escapedClass();
      if (test !== undefined) return test;
      this.#at--;
    }
    const low = this.#classCode();
    if (this.#peek() !== '-' || this.#chars[this.#at + 1] === ']') return between(low, low);
    this.#at++;
    const high = this.#classCode();
    if (low > high) throw this.#fail('has an invalid character range');
    return between(low, high);
  }

  #classCode(): number {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw this.#fail('is missing a ]');
    return char === '\\' ? this.#escapedCode() : (char.codePointAt(0) ?? 0);
  }
}

/** Parses the part of RE2's syntax that is useful for names and labels. Throws ERR_REGEXP_INVALID. */
export const parseRegexp = (pattern: string): RegexpNode => new RegexpParser(pattern).run();
