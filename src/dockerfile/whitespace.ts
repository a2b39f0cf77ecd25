// Go's definition of white space counts here, because the grammar is defined by a Go program: U+0085 is white space,
// U+FEFF is not. Loops instead of `/\s+$/`, which takes quadratic time on long runs of blanks.

/** True for white space of Go's `unicode.IsSpace`; `unit` is a UTF-16 unit. */
export function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
  if (unit < 0x1680) return unit === 0x85 || unit === 0xa0;
  return (
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000
  );
}

/** Returns the index of the first unit at or after `from` that is not white space. */
export function skipSpace(text: string, from: number): number {
  let index = from;
  while (index < text.length && isSpace(text.charCodeAt(index))) index++;
  return index;
}

/** Returns the index of the first white space at or after `from`, or the text's length. */
export function findSpace(text: string, from: number): number {
  let index = from;
  while (index < text.length && !isSpace(text.charCodeAt(index))) index++;
  return index;
}

export const trimSpaceStart = (text: string): string => text.slice(skipSpace(text, 0));

export function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(Math.min(skipSpace(text, 0), end), end);
}

/** Removes every `\r` and `\n` at the end. */
export function trimNewline(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--;
  return line.slice(0, end);
}

const blank = /[\t\v\f\r ]/;

/** Splits at runs of blanks; a newline is not a blank. An empty text is one empty word. */
export const splitBlanks = (text: string): string[] => text.split(/[\t\v\f\r ]+/);

/** Splits at the first run of blanks: `[word]` or `[word, rest]`. */
export function cutAtBlanks(text: string): readonly [string] | readonly [string, string] {
  const start = text.search(blank);
  if (start < 0) return [text];
  let end = start + 1;
  while (end < text.length && blank.test(text.charAt(end))) end++;
  return [text.slice(0, start), text.slice(end)];
}
