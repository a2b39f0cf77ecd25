import { isDigit, isLetter, isWordCharacter } from '../lib/characters.ts';
import { expansionError } from './dockerfile-error.ts';
import { maxExpansion, maxSubstitutionDepth } from './limits.ts';
import { excerpt, quote } from './quote.ts';
import { PatternProblem, replaceMatches, trimPrefix, trimSuffix } from './shell-pattern.ts';
import type { EscapeCharacter, LineRange } from './syntax-tree.ts';
import { findSpace, skipSpace } from './whitespace.ts';

/** Where variables are looked up; a `Map` is one. An empty string is a value, undefined is unset. */
export interface Variables {
  get(name: string): string | undefined;
}

export interface WordOptions {
  /** The Dockerfile's escape character; a backslash when left out. */
  readonly escape?: EscapeCharacter;
  /** Keeps quote characters in the result. */
  readonly rawQuotes?: boolean;
  /** Keeps escape characters in the result. */
  readonly rawEscapes?: boolean;
  /** Quotes mean nothing, as in the content of a heredoc. */
  readonly literalQuotes?: boolean;
  /** Leaves `$name` and `${name…}` as they are when the variable is unset. */
  readonly keepUnset?: boolean;
  /** For the error's details. */
  readonly location?: LineRange;
}

export interface ExpandedWord {
  readonly text: string;
  /** Names that were looked up and set, also empty ones. */
  readonly matched: ReadonlySet<string>;
  /** Names that were looked up and unset. */
  readonly unmatched: ReadonlySet<string>;
}

/** Gathers words: white space from outside quotes ends one, quoted text never does. */
class WordCollector {
  readonly #words: string[] = [];
  #word = '';

  add(text: string): void {
    for (let index = 0; index < text.length; ) {
      const end = findSpace(text, index);
      this.#word += text.slice(index, end);
      if (end < text.length) this.#end();
      index = skipSpace(text, end);
    }
  }

  addRaw(text: string): void {
    this.#word += text;
  }

  words(): string[] {
    this.#end();
    return this.#words;
  }

  #end(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }
}

const specialParameters = '@*#?-$!';

class Expander {
  readonly matched: Set<string> = new Set();
  readonly unmatched: Set<string> = new Set();
  readonly #source: string;
  readonly #variables: Variables;
  readonly #options: WordOptions;
  readonly #escape: EscapeCharacter;
  #index = 0;
  #rawEscapes: boolean;
  #depth = 0;
  #room = maxExpansion;

  constructor(source: string, variables: Variables, options: WordOptions) {
    this.#source = source;
    this.#variables = variables;
    this.#options = options;
    this.#escape = options.escape ?? '\\';
    this.#rawEscapes = options.rawEscapes ?? false;
  }

  /** Reads up to the unit `stop` and past it, or to the end when there is none. */
  run(stop?: '}' | '/', words?: WordCollector): string {
    let result = '';
    while (this.#index < this.#source.length) {
      const start = this.#index;
      const unit = this.#source.charAt(start);
      if (unit === stop) {
        this.#index++;
        return result;
      }
      if (this.#isPlain(unit)) {
        do this.#index++;
        while (this.#index < this.#source.length && this.#peek() !== stop && this.#isPlain(this.#peek()));
        const plain = this.#source.slice(start, this.#index);
        words?.add(plain);
        result += plain;
        continue;
      }
      const piece = this.#special(unit);
      if (unit === '$') words?.add(piece);
      else words?.addRaw(piece);
      result += piece;
    }
    if (stop !== undefined) this.#fail(`syntax error: ${stop === '/' ? "missing '/' in ${}" : "missing '}'"}`);
    return result;
  }

  #isPlain(unit: string): boolean {
    if (unit === '$' || unit === '<' || unit === this.#escape) return false;
    return this.#options.literalQuotes === true || (unit !== "'" && unit !== '"');
  }

  #special(unit: string): string {
    if (unit === '$') return this.#dollar();
    if (unit === '<') return this.#angle();
    if (unit === this.#escape) return this.#escaped();
    return unit === "'" ? this.#singleQuoted() : this.#doubleQuoted();
  }

  /** Takes one unit. */
  #take(): string {
    return this.#source.charAt(this.#index++);
  }

  #peek(): string {
    return this.#source.charAt(this.#index);
  }

  /** One whole character, for names may hold letters outside the basic plane. */
  #peekCharacter(): string {
    const code = this.#source.codePointAt(this.#index);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  /** The escape character and what it escapes; nothing when it stands at the end. */
  #escaped(): string {
    const escape = this.#take();
    const character = this.#peekCharacter();
    this.#index += character.length;
    return this.#rawEscapes ? escape + character : character;
  }

  /** `<<` with the blanks behind it stays one piece, so that `<< EOF` is one word. */
  #angle(): string {
    const start = this.#index++;
    if (this.#peek() !== '<') return '<';
    this.#index++;
    while (this.#peek() !== '' && '\t\r '.includes(this.#peek())) this.#index++;
    return this.#source.slice(start, this.#index);
  }

  #singleQuoted(): string {
    const start = this.#index;
    const end = this.#source.indexOf("'", start + 1);
    if (end < 0) this.#fail('unexpected end of statement while looking for matching single-quote');
    this.#index = end + 1;
    return this.#options.rawQuotes === true ? this.#source.slice(start, end + 1) : this.#source.slice(start + 1, end);
  }

  #doubleQuoted(): string {
    const mark = this.#options.rawQuotes === true ? '"' : '';
    let result = mark;
    this.#index++;
    while (this.#index < this.#source.length) {
      const unit = this.#peek();
      if (unit === '$') {
        result += this.#dollar();
        continue;
      }
      this.#index++;
      if (unit === '"') return result + mark;
      result += unit === this.#escape ? this.#escapedInQuotes() : unit;
    }
    this.#fail('unexpected end of statement while looking for matching double-quote');
  }

  /** Between double quotes only `"`, `$` and the escape character itself can be escaped. */
  #escapedInQuotes(): string {
    const next = this.#peek();
    const kept = this.#rawEscapes ? this.#escape : '';
    if (next === '') return kept;
    if (next !== '"' && next !== '$' && next !== this.#escape) return kept + this.#escape;
    this.#index++;
    return kept + next;
  }

  #dollar(): string {
    this.#index++;
    if (this.#peek() === '{') {
      this.#index++;
      return this.#braces();
    }
    const name = this.#name();
    if (name === '') return '$';
    const value = this.#look(name);
    return value ?? (this.#options.keepUnset === true ? `$${name}` : '');
  }

  #braces(): string {
    const first = this.#peek();
    if (first === '') this.#fail("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') this.#fail('syntax error: bad substitution');
    const name = this.#name();
    const modifier = this.#take();
    if (modifier === '') this.#fail("syntax error: missing '}'");
    if (modifier === '}') {
      const value = this.#look(name);
      return value ?? (this.#options.keepUnset === true ? `\${${name}}` : '');
    }
    if (++this.#depth > maxSubstitutionDepth) this.#fail('substitutions are nested too deep');
    const result = modifier === '/' ? this.#replaced(name) : this.#modified(name, modifier);
    this.#depth--;
    return result;
  }

  #modified(name: string, first: string): string {
    const colon = first === ':';
    const modifier = colon ? this.#take() : first;
    const written = colon ? first + modifier : first;
    if (modifier === '') this.#fail("syntax error: missing '}'");
    const isPattern = modifier === '#' || modifier === '%';
    const known = '+-?#%'.includes(modifier);
    const unsupported = `unsupported modifier (${written}) in substitution`;
    if (colon ? isPattern : !known) this.#fail(unsupported);
    const word = this.#nested('}', isPattern);
    const value = this.#look(name);
    // Also with a modifier of the shell's own (`${v:=word}`): the line may be shell that only looks for heredocs.
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}${written}${word}}`;
    if (!known) this.#fail(unsupported);
    const present = value !== undefined && !(colon && value === '');
    if (modifier === '-') return present ? value : word;
    if (modifier === '+') return present ? word : '';
    if (modifier === '?') return this.#required(name, value, present, word);
    const longest = word.startsWith(modifier);
    const pattern = longest ? word.slice(1) : word;
    const trim = modifier === '#' ? trimPrefix : trimSuffix;
    return this.#guarded(pattern, () => trim(value ?? '', pattern, longest));
  }

  #required(name: string, value: string | undefined, present: boolean, message: string): string {
    if (present && value !== undefined) return value;
    const reason = message === '' ? `is not allowed to be ${value === undefined ? 'unset' : 'empty'}` : message;
    this.#fail(`${name}: ${excerpt(reason)}`);
  }

  #replaced(name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#index++;
    const pattern = this.#nested('/', true);
    const replacement = this.#nested('}', true);
    const value = this.#look(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}/${pattern}/${replacement}}`;
    return this.#guarded(pattern, () =>
      this.#spend(replaceMatches(value ?? '', pattern, replacement, { all, maxLength: maxExpansion })),
    );
  }

  #guarded(pattern: string, work: () => string): string {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PatternProblem)) throw error;
      this.#fail(`invalid pattern (${excerpt(pattern)}) in substitution: ${error.message}`);
    }
  }

  /** A part of a substitution; patterns keep their escapes, they have a meaning of their own there. */
  #nested(stop: '}' | '/', rawEscapes: boolean): string {
    const before = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    const result = this.run(stop);
    this.#rawEscapes = before;
    return result;
  }

  /** Letters, digits and `_`; or digits alone; or one special parameter. Empty when there is no name. */
  #name(): string {
    const start = this.#index;
    const first = this.#peekCharacter();
    if (first !== '' && specialParameters.includes(first)) return this.#take();
    const isPart = isDigit(first) ? isDigit : isWordCharacter;
    if (isPart === isWordCharacter && !isLetter(first)) return '';
    for (let next = first; next !== '' && isPart(next); next = this.#peekCharacter()) this.#index += next.length;
    return this.#source.slice(start, this.#index);
  }

  #look(name: string): string | undefined {
    const value = this.#variables.get(name);
    (value === undefined ? this.unmatched : this.matched).add(name);
    return value === undefined ? undefined : this.#spend(value);
  }

  #spend(text: string): string {
    this.#room -= text.length;
    if (this.#room < 0) this.#fail(`variables add more than ${maxExpansion} characters`);
    return text;
  }

  #fail(text: string): never {
    throw expansionError(`failed to process ${quote(excerpt(this.#source))}: ${text}`, this.#options.location);
  }
}

/**
 * Removes quotes and replaces `$name` and `${name…}`, keeping the result one word. Modifiers: `:-` `-` `:+` `+` `:?`
 * `?` `#` `##` `%` `%%` `/` `//`, nested up to 200 deep. Variables may add at most 2^20 UTF-16 units.
 *
 * @throws ERR_DOCKERFILE_EXPANSION
 */
export function expandWord(word: string, variables: Variables, options: WordOptions = {}): ExpandedWord {
  const expander = new Expander(word, variables, options);
  const text = expander.run();
  return { text, matched: expander.matched, unmatched: expander.unmatched };
}

/**
 * As {@link expandWord}, then split at the white space that stands outside quotes, also where it came from a
 * variable.
 *
 * @throws ERR_DOCKERFILE_EXPANSION
 */
export function expandWords(text: string, variables: Variables, options: WordOptions = {}): string[] {
  const words = new WordCollector();
  new Expander(text, variables, options).run(undefined, words);
  return words.words();
}
