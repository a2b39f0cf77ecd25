import { StrataError } from '../errors/index.ts';
import { maxJsonDepth, maxJsonValues } from './limits.ts';

/** A number that is not written as a safe integer (`1.5`, `1e3`, `2^63`), with its text in the document. */
export class JsonReal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get value(): number {
    return Number(this.text);
  }

  toJSON(): number {
    return this.value;
  }
}

/** An object without prototype: a key named `__proto__` or `constructor` is a key like any other. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A JSON value. Every `number` in it is a safe integer. */
export type Json = null | boolean | number | string | JsonReal | readonly Json[] | JsonObject;

export interface ParseJsonOptions {
  /** Noun for messages: `manifest`, `image config`. */
  readonly what: string;
  readonly maxBytes: number;
  readonly maxDepth?: number;
  readonly maxValues?: number;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const whitespace = /[ \t\n\r]*/y;
// One run of ordinary characters; quotes, backslashes and control characters end it.
const plain = /[^"\\\u0000-\u001f]*/y;
const number = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const hexDigits = /[0-9a-fA-F]{4}/y;
const escapes: { readonly [letter: string]: string } = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class JsonParser {
  readonly #text: string;
  readonly #what: string;
  readonly #maxDepth: number;
  #valuesLeft: number;
  #position = 0;

  constructor(text: string, options: ParseJsonOptions) {
    this.#text = text;
    this.#what = options.what;
    this.#maxDepth = options.maxDepth ?? maxJsonDepth;
    this.#valuesLeft = options.maxValues ?? maxJsonValues;
  }

  document(): Json {
    this.#take(whitespace);
    const value = this.#value(0);
    if (this.#position < this.#text.length) throw this.#unexpected();
    return value;
  }

  #fail(problem: string): StrataError {
    return new StrataError({
      code: 'ERR_JSON_INVALID',
      message: `${this.#what}: invalid JSON: ${problem} at offset ${this.#position}`,
      hint: 'Make or fetch it again. If that does not help, make it with another program.',
      details: { problem, offset: this.#position },
    });
  }

  #unexpected(): StrataError {
    const found = this.#text.codePointAt(this.#position);
    return this.#fail(
      found === undefined ? 'unexpected end' : `unexpected ${JSON.stringify(String.fromCodePoint(found))}`,
    );
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#position += found.length;
    return found;
  }

  /** Consumes `text` and the white space behind it, if `text` comes next. */
  #skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#position)) return false;
    this.#position += text.length;
    this.#take(whitespace);
    return true;
  }

  #value(depth: number): Json {
    if (--this.#valuesLeft < 0) throw this.#tooMuch('more values than allowed');
    switch (this.#text.charAt(this.#position)) {
      case '{':
        return this.#object(depth + 1);
      case '[':
        return this.#array(depth + 1);
      case '"':
        return this.#string();
      case 't':
        if (this.#skip('true')) return true;
        break;
      case 'f':
        if (this.#skip('false')) return false;
        break;
      case 'n':
        if (this.#skip('null')) return null;
        break;
    }
    return this.#number();
  }

  #tooMuch(problem: string): StrataError {
    return new StrataError({
      code: 'ERR_JSON_TOO_LARGE',
      message: `${this.#what}: ${problem}`,
      hint: 'No tool writes documents this large: do not trust its source.',
    });
  }

  #enter(depth: number): void {
    if (depth > this.#maxDepth) throw this.#tooMuch(`nested deeper than ${this.#maxDepth} levels`);
    this.#position++;
    this.#take(whitespace);
  }

  #object(depth: number): JsonObject {
    this.#enter(depth);
    const object: { [key: string]: Json } = { __proto__: null } as never;
    if (this.#skip('}')) return object;
    do {
      if (this.#text[this.#position] !== '"') throw this.#unexpected();
      const key = this.#string();
      if (key in object) throw this.#fail(`duplicate key ${JSON.stringify(key.slice(0, 100))}`);
      if (!this.#skip(':')) throw this.#unexpected();
      object[key] = this.#value(depth);
    } while (this.#skip(','));
    if (!this.#skip('}')) throw this.#unexpected();
    return object;
  }

  #array(depth: number): readonly Json[] {
    this.#enter(depth);
    const items: Json[] = [];
    if (this.#skip(']')) return items;
    do items.push(this.#value(depth));
    while (this.#skip(','));
    if (!this.#skip(']')) throw this.#unexpected();
    return items;
  }

  #string(): string {
    this.#position++;
    let text = this.#take(plain);
    while (this.#text[this.#position] !== '"') {
      if (this.#text[this.#position] !== '\\') throw this.#unexpected();
      this.#position++;
      text += this.#escape() + this.#take(plain);
    }
    this.#skip('"');
    // A lone surrogate has no UTF-8 form. Go replaces it silently, so two readers would see two documents.
    if (!text.isWellFormed()) throw this.#fail('a lone surrogate in a string');
    return text;
  }

  #escape(): string {
    const letter = this.#text[this.#position] ?? '';
    if (letter === 'u') {
      this.#position++;
      const digits = this.#take(hexDigits);
      if (digits === '') throw this.#fail('a bad \\u escape');
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const character = escapes[letter];
    if (character === undefined) throw this.#fail('a bad escape');
    this.#position++;
    return character;
  }

  #number(): number | JsonReal {
    number.lastIndex = this.#position;
    const found = number.exec(this.#text);
    if (found === null) throw this.#unexpected();
    this.#position += found[0].length;
    this.#take(whitespace);
    const value = Number(found[0]);
    const exact = found[1] === undefined && found[2] === undefined && Number.isSafeInteger(value);
    return exact ? value + 0 : new JsonReal(found[0]);
  }
}

/**
 * Parses strict JSON (RFC 8259): valid UTF-8 without a byte order mark, no duplicate keys (two readers must not see two
 * documents, CVE-2021-41190), bounded size, depth and number of values. Takes linear time. Throws ERR_JSON_INVALID
 * (invalid-argument) or ERR_JSON_TOO_LARGE (exhausted).
 */
export function parseJson(bytes: Uint8Array, options: ParseJsonOptions): Json {
  if (bytes.length > options.maxBytes) {
    throw new StrataError({
      code: 'ERR_JSON_TOO_LARGE',
      message: `${options.what}: ${bytes.length} bytes, more than the ${options.maxBytes} allowed`,
      hint: 'No tool writes documents this large: do not trust its source.',
    });
  }
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new StrataError({
      code: 'ERR_JSON_INVALID',
      message: `${options.what}: invalid JSON: not valid UTF-8`,
      hint: 'Make or fetch it again. If that does not help, make it with another program.',
      cause,
    });
  }
  return new JsonParser(text, options).document();
}
