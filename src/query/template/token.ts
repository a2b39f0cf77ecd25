import { isPrintable, isWordCharacter } from '../../lib/characters.ts';
import { displayCodePoint, quote } from './quote.ts';

export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'char'
  | 'number'
  | 'complex'
  | 'string'
  | 'raw'
  | 'pipe'
  | 'open'
  | 'close'
  | 'assign'
  | 'declare'
  | 'other'
  | 'error'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offset into the template's text in UTF-16 units. */
  readonly at: number;
  /** Counted from 1. */
  readonly line: number;
}

const keywords = new Set('block break continue define else end if range template with'.split(' '));
const blank = /[ \t\r\n]*/y;
const quoted = /"(?:[^"\\\n]|\\[^\n])*"/uy;
const rawQuoted = /`[^`]*`/y;
const character = /'(?:[^'\\\n]|\\[^\n])*'/uy;
const numeral =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;
const rightDelimiter = /(?:[ \t\r\n]-)?\}\}/y;

const isBlank = (char: string): boolean => char === ' ' || char === '\t' || char === '\r' || char === '\n';

/** Cuts a template into tokens in one pass. The last is `end`, or `error` with the message as its text. */
class Lexer {
  readonly #input: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  /** Offset of the end of the current line. */
  #lineEnd: number;

  constructor(input: string) {
    this.#input = input;
    this.#lineEnd = this.#findLineEnd(0);
  }

  run(): readonly Token[] {
    while (this.#text()) while (this.#inside());
    return this.#tokens;
  }

  #findLineEnd(from: number): number {
    const end = this.#input.indexOf('\n', from);
    return end < 0 ? this.#input.length : end;
  }

  /** Returns the line of an offset. Callers pass offsets in ascending order. */
  #lineAt(offset: number): number {
    while (this.#lineEnd < offset) {
      this.#line++;
      this.#lineEnd = this.#findLineEnd(this.#lineEnd + 1);
    }
    return this.#line;
  }

  #emit(kind: TokenKind, end: number): true {
    const at = this.#at;
    this.#tokens.push({ kind, text: this.#input.slice(at, end), at, line: this.#lineAt(at) });
    this.#at = end;
    return true;
  }

  #fail(message: string, at = this.#at): false {
    this.#tokens.push({ kind: 'error', text: message, at, line: this.#lineAt(at) });
    this.#at = this.#input.length;
    return false;
  }

  #match(pattern: RegExp, at = this.#at): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.#input)?.[0];
  }

  #charAt(offset: number): string {
    const code = this.#input.codePointAt(offset);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  /** Takes the text up to the next action, and its left delimiter. Returns false at the end of input. */
  #text(): boolean {
    const input = this.#input;
    for (;;) {
      const open = input.indexOf('{{', this.#at);
      const trim = open >= 0 && input[open + 2] === '-' && isBlank(input.charAt(open + 3));
      let end = open < 0 ? input.length : open;
      if (trim) while (end > this.#at && isBlank(input.charAt(end - 1))) end--;
      if (end > this.#at) this.#emit('text', end);
      if (open < 0) {
        this.#emit('end', end);
        return false;
      }
      this.#at = open;
      const inner = open + (trim ? 4 : 2);
      if (!input.startsWith('/*', inner)) {
        this.#emit('left', open + 2);
        this.#at = inner;
        this.#depth = 0;
        return true;
      }
      const close = input.indexOf('*/', inner + 2);
      if (close < 0) return this.#fail('unclosed comment', inner);
      this.#at = close + 2;
      const right = this.#match(rightDelimiter);
      if (right === undefined) return this.#fail('comment ends before closing delimiter', inner);
      this.#skipRight(right);
    }
  }

  #depth = 0;

  #skipRight(delimiter: string): void {
    this.#at += delimiter.length;
    if (delimiter.length > 2) this.#at += (this.#match(blank) ?? '').length;
  }

  /** Takes one token of an action. Returns false at the action's end, or on an error. */
  #inside(): boolean {
    const right = this.#match(rightDelimiter);
    if (right !== undefined) {
      if (this.#depth > 0) return this.#fail('unclosed left paren');
      this.#at += right.length - 2;
      this.#tokens.push({ kind: 'right', text: '}}', at: this.#at, line: this.#lineAt(this.#at) });
      this.#at -= right.length - 2;
      this.#skipRight(right);
      return false;
    }
    const char = this.#charAt(this.#at);
    if (isBlank(char)) return this.#space();
    switch (char) {
      case '':
        return this.#fail('unclosed action');
      case '=':
        return this.#emit('assign', this.#at + 1);
      case ':':
        return this.#input[this.#at + 1] === '=' ? this.#emit('declare', this.#at + 2) : this.#fail('expected :=');
      case '|':
        return this.#emit('pipe', this.#at + 1);
      case '(':
        this.#depth++;
        return this.#emit('open', this.#at + 1);
      case ')':
        return --this.#depth < 0 ? this.#fail('unexpected right paren') : this.#emit('close', this.#at + 1);
      case '"':
        return this.#whole('string', quoted, 'unterminated quoted string');
      case '`':
        return this.#whole('raw', rawQuoted, 'unterminated raw quoted string');
      case "'":
        return this.#whole('char', character, 'unterminated character constant');
      case '$':
        return this.#name('variable', 'variable');
    }
    if (char === '.' && /[^0-9]/.test(this.#input.charAt(this.#at + 1))) return this.#name('field', 'dot');
    if (/[.+0-9-]/.test(char)) return this.#number();
    if (isWordCharacter(char)) return this.#identifier();
    if (char <= '\u007e' && isPrintable(char)) return this.#emit('other', this.#at + 1);
    return this.#fail(`unrecognized character in action: ${displayCodePoint(char)}`);
  }

  #space(): boolean {
    let end = this.#at + (this.#match(blank) ?? '').length;
    // The last blank belongs to a trimming right delimiter.
    if (this.#match(rightDelimiter, end - 1) !== undefined) end--;
    return end === this.#at || this.#emit('space', end);
  }

  #whole(kind: TokenKind, pattern: RegExp, problem: string): boolean {
    const found = this.#match(pattern);
    return found === undefined ? this.#fail(problem) : this.#emit(kind, this.#at + found.length);
  }

  /** Returns the end of a word, undefined if an invalid character follows it. */
  #wordEnd(from: number): number | undefined {
    let end = from;
    let next = this.#charAt(end);
    for (; isWordCharacter(next); next = this.#charAt(end)) end += next.length;
    const ends = next === '' || isBlank(next) || '.,|:)('.includes(next) || this.#input.startsWith('}}', end);
    if (ends) return end;
    this.#fail(`bad character ${displayCodePoint(next)}`);
    return undefined;
  }

  #name(kind: TokenKind, bare: TokenKind): boolean {
    const end = this.#wordEnd(this.#at + 1);
    return end !== undefined && this.#emit(end === this.#at + 1 ? bare : kind, end);
  }

  #identifier(): boolean {
    const end = this.#wordEnd(this.#at);
    if (end === undefined) return false;
    const name = this.#input.slice(this.#at, end);
    if (name === 'true' || name === 'false') return this.#emit('bool', end);
    if (name === 'nil') return this.#emit('nil', end);
    return this.#emit(keywords.has(name) ? 'keyword' : 'identifier', end);
  }

  #numberEnd(from: number): number {
    return from + (this.#match(numeral, from) ?? '').length;
  }

  #number(): boolean {
    const bad = (end: number): false => {
      const last = this.#charAt(end);
      const shown = this.#input.slice(this.#at, end + (isWordCharacter(last) ? last.length : 0));
      return this.#fail(`bad number syntax: ${quote(shown)}`);
    };
    const end = this.#numberEnd(this.#at);
    if (isWordCharacter(this.#charAt(end))) return bad(end);
    if (!/[+-]/.test(this.#input.charAt(end))) return this.#emit('number', end);
    const second = this.#numberEnd(end);
    if (isWordCharacter(this.#charAt(second)) || this.#input[second - 1] !== 'i') return bad(second);
    return this.#emit('complex', second);
  }
}

/** Returns the tokens of a template, without comments and with white space trimmed at trim markers. */
export const lex = (input: string): readonly Token[] => new Lexer(input).run();
