import { isPrintable } from '../../lib/characters.ts';

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

/** Formats a character for messages: `U+0040 '@'`. */
export function displayCodePoint(char: string): string {
  const code = `U+${hex(char.codePointAt(0) ?? 0, 4).toUpperCase()}`;
  return isPrintable(char) ? `${code} '${char}'` : code;
}

const escapes: { readonly [char: string]: string } = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

function escape(char: string, mark: string, asciiOnly: boolean): string {
  if (char === mark) return `\\${mark}`;
  const short = escapes[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0) ?? 0;
  if (isPrintable(char) && (!asciiOnly || code < 0x80)) return char;
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

/** Works like Go's `strconv.Quote`, or `QuoteToASCII`; with `'` it makes a character constant. */
export const quote = (text: string, mark: '"' | "'" = '"', asciiOnly = false): string =>
  mark + Array.from(text, (char) => escape(char, mark, asciiOnly)).join('') + mark;

const simple: { readonly [letter: string]: string } = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

const escapeForm = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\'"]))|[^\\]|\\/gsu;

/**
 * Decodes the text between the quotes of a Go string or character constant. Returns undefined for an invalid escape.
 * Bytes given as `\x80` or `\200` and above must form UTF-8 characters.
 */
export function unquote(body: string, mark: '"' | "'"): string | undefined {
  const other = mark === '"' ? "'" : '"';
  const bytes: number[] = [];
  let text = '';
  let wrong = false;
  const flush = (): void => {
    if (bytes.length === 0) return;
    text += new TextDecoder().decode(Uint8Array.from(bytes));
    bytes.length = 0;
  };
  for (const [whole, byte, short, long, octal, letter] of body.matchAll(escapeForm)) {
    const value = byte ?? octal;
    if (value !== undefined) {
      const number = Number.parseInt(value, byte === undefined ? 8 : 16);
      wrong ||= number > 255;
      bytes.push(number & 255);
      continue;
    }
    flush();
    const code = short ?? long;
    if (code !== undefined) {
      const point = Number.parseInt(code, 16);
      const valid = point < 0xd800 || (point > 0xdfff && point <= 0x10ffff);
      wrong ||= !valid;
      text += valid ? String.fromCodePoint(point) : '';
    } else if (letter === undefined) {
      wrong ||= whole === '\\' || whole === mark || whole === '\n';
      text += whole;
    } else {
      wrong ||= letter === other;
      text += simple[letter] ?? '';
    }
  }
  flush();
  return wrong ? undefined : text;
}
