import type { EscapeCharacter } from './syntax-tree.ts';
import { isSpace, skipSpace } from './whitespace.ts';

/** Index behind the word that starts at `from`. */
function endOfWord(text: string, from: number, escape: EscapeCharacter): number {
  let quote = '';
  for (let index = from; index < text.length; index++) {
    const unit = text.charAt(index);
    if (quote === '' && isSpace(text.charCodeAt(index))) return index;
    if (unit === escape && quote !== "'") index++;
    else if (quote === '' && (unit === '"' || unit === "'")) quote = unit;
    else if (unit === quote) quote = '';
  }
  return text.length;
}

/** True when the last unit of `text` is an escape character that has nothing to escape. */
function endsOpen(text: string, from: number, escape: EscapeCharacter): boolean {
  if (!text.endsWith(escape)) return false;
  let quote = '';
  for (let index = from; index < text.length; index++) {
    const unit = text.charAt(index);
    if (unit === escape && quote !== "'") {
      if (index === text.length - 1) return true;
      index++;
    } else if (quote === '' && (unit === '"' || unit === "'")) quote = unit;
    else if (unit === quote) quote = '';
  }
  return false;
}

/**
 * Words of ENV, LABEL and ARG: separated by white space, kept together by quotes and escapes, which stay in the
 * words until variables are expanded. An escape character at the very end is dropped.
 */
export function splitWords(text: string, escape: EscapeCharacter): string[] {
  const words: string[] = [];
  for (let index = skipSpace(text, 0); index < text.length; ) {
    const end = endOfWord(text, index, escape);
    const open = end === text.length && endsOpen(text, index, escape);
    const word = text.slice(index, open ? end - 1 : end);
    if (word !== '') words.push(word);
    index = skipSpace(text, end);
  }
  return words;
}
