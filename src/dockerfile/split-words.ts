import type { EscapeCharacter } from './syntax-tree.ts';
import { isSpace, skipSpace } from './whitespace.ts';

/** Returns the word that starts at `from`, and the index behind it. */
function readWord(text: string, from: number, escape: EscapeCharacter): { word: string; end: number } {
  let quote = '';
  for (let index = from; index < text.length; index++) {
    const unit = text.charAt(index);
    if (quote === '' && isSpace(text.charCodeAt(index))) return { word: text.slice(from, index), end: index };
    if (unit === escape && quote !== "'") {
      // At the end of the text there is nothing to escape.
      if (index === text.length - 1) return { word: text.slice(from, index), end: text.length };
      index++;
    } else if (quote === '' && (unit === '"' || unit === "'")) quote = unit;
    else if (unit === quote) quote = '';
  }
  return { word: text.slice(from), end: text.length };
}

/**
 * Splits the words of ENV, LABEL and ARG: separated by white space, kept together by quotes and escapes, which stay in
 * the words until variables are expanded. An escape character at the very end is dropped.
 */
export function splitWords(text: string, escape: EscapeCharacter): string[] {
  const words: string[] = [];
  for (let index = skipSpace(text, 0); index < text.length; ) {
    const { word, end } = readWord(text, index, escape);
    if (word !== '') words.push(word);
    index = skipSpace(text, end);
  }
  return words;
}
