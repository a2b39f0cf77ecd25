import { trimSpace, trimSpaceStart } from './whitespace.ts';

/** `words` of a JSON array of strings; `other` for an array that holds anything else; undefined for any other text. */
export type JsonForm = { readonly words: readonly string[] } | 'other' | undefined;

/**
 * Reads the JSON form of an instruction. Text that is not valid JSON is no error: docker runs it as a shell command
 * (`CMD ['echo']` runs a shell), while `["a", 1]` is refused.
 */
export function readJsonForm(text: string): JsonForm {
  const array = trimSpaceStart(text);
  if (!array.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(array);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!Array.isArray(value)) return undefined;
  const words: string[] = [];
  for (const item of value as readonly unknown[]) {
    if (typeof item !== 'string') return 'other';
    // `"\ud800"` is valid JSON but not valid Unicode: Go makes U+FFFD of it.
    words.push(item.toWellFormed());
  }
  return { words };
}

// Begins with a quote; or is in brackets as a whole; or its first word ends with a comma, or is quoted and followed by
// another quote. `[ -f x ]`, `[ "$a" = b ]` and `[[ … ]]` are commands of a shell, `[ab].txt` is a wildcard.
const likeJson = /^\[(?:["']|(?!\[)\S.*\]$|\s+(?:"(?:[^"\\]|\\.)*"|'[^']*')(?:\s*,|\s+["'])|\s*[^\s,[\]"']+,\s)/s;

/** True for text that {@link readJsonForm} does not take for JSON but that was probably meant as JSON. */
export const resemblesJsonForm = (text: string): boolean => likeJson.test(trimSpace(text));
