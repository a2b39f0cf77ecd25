import type { EscapeCharacter } from './syntax-tree.ts';
import { cutAtBlanks, isSpace, skipSpace, trimSpace } from './whitespace.ts';

/**
 * A logical line split into the instruction's name, its flags, and the rest, which the instruction's own grammar reads.
 */
export interface CommandLine {
  readonly name: string;
  readonly flags: readonly string[];
  readonly rest: string;
}

/** Reads one flag, removes quotes and escapes, and returns the index behind it. */
function readFlag(text: string, from: number, escape: EscapeCharacter): { word: string; end: number } {
  let word = '';
  let quote = '';
  let index = from;
  for (; index < text.length; index++) {
    const unit = text.charAt(index);
    if (quote === '' && isSpace(text.charCodeAt(index))) break;
    if (quote === '' && (unit === '"' || unit === "'")) quote = unit;
    else if (unit === quote) quote = '';
    // An escape character at the end of the line is dropped.
    else if (unit === escape) word += text.charAt(++index);
    else word += unit;
  }
  return { word, end: Math.min(index, text.length) };
}

/** Reads flags up to the first word that does not start with `--`, or behind a lone `--`. */
function readFlags(text: string, escape: EscapeCharacter): { flags: string[]; rest: string } {
  const flags: string[] = [];
  for (let index = skipSpace(text, 0); index < text.length; index = skipSpace(text, index)) {
    if (!text.startsWith('--', index)) return { flags, rest: text.slice(index) };
    const { word, end } = readFlag(text, index, escape);
    if (word === '--') return { flags, rest: text.slice(end) };
    flags.push(word);
    index = end;
  }
  return { flags, rest: '' };
}

/** Splits a logical line. Never fails: unknown names are refused by a later step. */
export function splitCommandLine(line: string, escape: EscapeCharacter): CommandLine {
  const [name, tail = ''] = cutAtBlanks(trimSpace(line));
  const { flags, rest } = readFlags(tail, escape);
  return { name, flags, rest: trimSpace(rest) };
}
