import { isDigit, isLetter, isWordCharacter } from '../lib/characters.ts';
import { expansionError } from './dockerfile-error.ts';
import { maxExpansion, maxSubstitutionDepth } from './limits.ts';
import { excerpt, quote } from './quote.ts';
import { PatternProblem, replaceMatches, trimPrefix, trimSuffix } from './shell-pattern.ts';
import type { EscapeCharacter, LineRange } from './syntax-tree.ts';
import { findSpace, skipSpace } from './whitespace.ts';

/** A lookup of variables; a `Map` is one. An empty string is a value, undefined is unset. */
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

/** Collects words: white space from outside quotes ends one, quoted text never does. */
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

const syntaxHint = 'Close every quote and every ${, and escape a $ that is not a variable.';
const modifierHint = 'Use one of the modifiers :- - :+ + :? ? # ## % %% / and //.';
const sizeHint = 'Use fewer or shorter variables.';

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
  #remaining = maxExpansion;

  constructor(source: string, variables: Variables, options: WordOptions) {
    this.#source = source;
    this.#variables = variables;
    this.#options = options;
    this.#escape = options.escape ?? '\\';
    this.#rawEscapes = options.rawEscapes ?? false;
  }

  /** Reads up to the unit `stop` and past it, or to the end without one. */
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
      const part = this.#special(unit);
      if (unit === '$') words?.add(part);
      else words?.addRaw(part);
      result += part;
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
    if (unit === this.#escape) return this.#readEscape();
    return unit === "'" ? this.#readSingleQuotes() : this.#readDoubleQuotes();
  }

  /** Takes one unit. */
  #take(): string {
    return this.#source.charAt(this.#index++);
  }

  #peek(): string {
    return this.#source.charAt(this.#index);
  }

  /** Returns one whole character: names may hold letters outside the basic plane. */
  #peekCharacter(): string {
    const code = this.#source.codePointAt(this.#index);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  /** Reads the escape character and the character that it escapes; at the end of the text there is none. */
  #readEscape(): string {
    const escape = this.#take();
    const character = this.#peekCharacter();
    this.#index += character.length;
    return this.#rawEscapes ? escape + character : character;
  }

  /** Reads `<<` with the blanks behind it in one go, so that `<< EOF` is one word. */
  #angle(): string {
    const start = this.#index++;
    if (this.#peek() !== '<') return '<';
    this.#index++;
    while (this.#peek() !== '' && '\t\r '.includes(this.#peek())) this.#index++;
    return this.#source.slice(start, this.#index);
  }

  #readSingleQuotes(): string {
    const start = this.#index;
    const end = this.#source.indexOf("'", start + 1);
    if (end < 0) this.#fail('unexpected end of statement while looking for matching single-quote');
    this.#index = end + 1;
    return this.#options.rawQuotes === true ? this.#source.slice(start, end + 1) : this.#source.slice(start + 1, end);
  }

  #readDoubleQuotes(): string {
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
      result += unit === this.#escape ? this.#readEscapeInQuotes() : unit;
    }
    this.#fail('unexpected end of statement while looking for matching double-quote');
  }

  /** Reads an escape between double quotes, where only `"`, `$` and the escape character itself can be escaped. */
  #readEscapeInQuotes(): string {
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
    if (++this.#depth > maxSubstitutionDepth)
      this.#fail('substitutions are nested too deep', 'Nest fewer substitutions in each other.');
    const result = modifier === '/' ? this.#replace(name) : this.#modify(name, modifier);
    this.#depth--;
    return result;
  }

  #modify(name: string, first: string): string {
    const colon = first === ':';
    const modifier = colon ? this.#take() : first;
    const written = colon ? first + modifier : first;
    if (modifier === '') this.#fail("syntax error: missing '}'");
    const isPattern = modifier === '#' || modifier === '%';
    const known = '+-?#%'.includes(modifier);
    const unsupported = `unsupported modifier (${written}) in substitution`;
    if (colon ? isPattern : !known) this.#fail(unsupported, modifierHint);
    const word = this.#readNested('}', isPattern);
    const value = this.#look(name);
    // Also for modifiers that only the shell knows (`${v:=word}`): the line may be shell code that is searched for
    // heredocs.
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}${written}${word}}`;
    if (!known) this.#fail(unsupported, modifierHint);
    const present = value !== undefined && !(colon && value === '');
    if (modifier === '-') return present ? value : word;
    if (modifier === '+') return present ? word : '';
    if (modifier === '?') return this.#requireValue(name, value, present, word);
    const longest = word.startsWith(modifier);
    const pattern = longest ? word.slice(1) : word;
    const trim = modifier === '#' ? trimPrefix : trimSuffix;
    return this.#withPatternErrors(pattern, () => trim(value ?? '', pattern, longest));
  }

  #requireValue(name: string, value: string | undefined, present: boolean, message: string): string {
    if (present && value !== undefined) return value;
    const reason = message === '' ? `is not allowed to be ${value === undefined ? 'unset' : 'empty'}` : message;
    this.#fail(
      `${name}: ${excerpt(reason)}`,
      `Give ${excerpt(name)} a value before this instruction, by ENV, or by ARG and a build argument.`,
    );
  }

  #replace(name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#index++;
    const pattern = this.#readNested('/', true);
    const replacement = this.#readNested('}', true);
    const value = this.#look(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}/${pattern}/${replacement}}`;
    return this.#withPatternErrors(pattern, () =>
      this.#spend(replaceMatches(value ?? '', pattern, replacement, { all, maxLength: maxExpansion })),
    );
  }

  #withPatternErrors(pattern: string, work: () => string): string {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PatternProblem)) throw error;
      this.#fail(`invalid pattern (${excerpt(pattern)}) in substitution: ${error.message}`, error.hint);
    }
  }

  /** Reads a nested part of a substitution; patterns keep their escapes, which have their own meaning there. */
  #readNested(stop: '}' | '/', rawEscapes: boolean): string {
    const before = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    const result = this.run(stop);
    this.#rawEscapes = before;
    return result;
  }

  /** Reads letters, digits and `_`; or digits alone; or one special parameter. Returns an empty string for no name. */
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
    this.#remaining -= text.length;
    if (this.#remaining < 0) this.#fail(`variables add more than ${maxExpansion} characters`, sizeHint);
    return text;
  }

  #fail(text: string, hint = syntaxHint): never {
    throw expansionError(`failed to process ${quote(excerpt(this.#source))}: ${text}`, this.#options.location, hint);
  }
}

/**
 * Removes quotes and replaces `$name` and `${name…}`; the result is one word. Modifiers: `:-` `-` `:+` `+` `:?` `?` `#`
 * `##` `%` `%%` `/` `//`, nested up to 200 deep. Variables may add at most 2^20 UTF-16 units.
 *
 * @throws ERR_DOCKERFILE_EXPANSION
 */
export function expandWord(word: string, variables: Variables, options: WordOptions = {}): ExpandedWord {
  const expander = new Expander(word, variables, options);
  const text = expander.run();
  return { text, matched: expander.matched, unmatched: expander.unmatched };
}

/**
 * {@link expandWord}, then splits at white space outside quotes, also when it came from a variable.
 *
 * @throws ERR_DOCKERFILE_EXPANSION
 */
export function expandWords(text: string, variables: Variables, options: WordOptions = {}): string[] {
  const words = new WordCollector();
  new Expander(text, variables, options).run(undefined, words);
  return words.words();
}
