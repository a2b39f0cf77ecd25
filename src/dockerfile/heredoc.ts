import { isStrataError } from '../errors/index.ts';
import { expandWords } from './shell-words.ts';
import type { Heredoc, LineRange } from './syntax-tree.ts';

/** A heredoc without its content. */
export type HeredocStart = Omit<Heredoc, 'content'>;

const start = /^([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)$/;
const nothing: ReadonlyMap<string, string> = new Map();
const countQuotes = (text: string): number => text.split(/['"]/).length - 1;

/**
 * Reads one word as `<<NAME`, `<<-NAME`, `3<<"NAME"`; undefined for any other word.
 *
 * @throws ERR_DOCKERFILE_EXPANSION when the terminator's quotes are not closed
 */
export function readHeredocStart(word: string, at?: LineRange): HeredocStart | undefined {
  const match = start.exec(word);
  const terminator = match?.[3] ?? '';
  if (match === null || terminator === '') return undefined;
  const options = { keepUnset: true, ...(at === undefined ? {} : { location: at }) };
  const [name, ...more] = expandWords(terminator, nothing, options);
  const [raw, ...moreRaw] = expandWords(terminator, nothing, { ...options, rawQuotes: true });
  if (name === undefined || raw === undefined || more.length + moreRaw.length > 0) return undefined;
  // Fewer quotes after quote removal: part of the name was quoted, and then nothing is expanded (`<<e'o'f`).
  return {
    name,
    descriptor: Math.min(Number(match[1] ?? 0), Number.MAX_SAFE_INTEGER),
    expand: countQuotes(name) === countQuotes(raw),
    chomp: match[2] === '-',
  };
}

/** {@link readHeredocStart}, except that a word with open quotes is just a word. */
export function heredocStartOrNone(word: string): HeredocStart | undefined {
  try {
    return readHeredocStart(word);
  } catch (error) {
    if (isStrataError(error, 'ERR_DOCKERFILE_EXPANSION')) return undefined;
    throw error;
  }
}

/**
 * Returns the heredocs that a logical line starts, in order. A line whose quotes do not close starts none: it may be a
 * fragment of shell that only the shell understands.
 */
export function heredocsOfLine(line: string, at: LineRange): HeredocStart[] {
  let words: readonly string[];
  try {
    words = expandWords(line, nothing, { keepUnset: true, rawQuotes: true, rawEscapes: true });
  } catch (error) {
    if (isStrataError(error, 'ERR_DOCKERFILE_EXPANSION')) return [];
    throw error;
  }
  return words.flatMap((word) => readHeredocStart(word, at) ?? []);
}

/** Removes the tabs at the start of every line, for `<<-`. */
export const chompTabs = (content: string): string => content.replace(/(?<=^|\n)\t+/g, '');
