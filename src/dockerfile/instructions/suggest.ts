import { characters } from '../code-points.ts';

/** Edits that turn `a` into `b`: characters put in, taken out or changed. */
function distance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of a.entries()) {
    const next = [i + 1];
    for (const [j, right] of b.entries()) {
      const change = (row[j] as number) + (left === right ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** Upper case for what is all upper case, else lower case. */
const inCaseOf = (option: string, written: string): string =>
  written === written.toUpperCase() && written !== written.toLowerCase() ? option.toUpperCase() : option.toLowerCase();

/**
 * The option that `written` most likely meant, as the tail of a message: ` (did you mean RUN?)`. Empty when none is
 * within two edits, or when one is equal: then the trouble lies elsewhere. Of equally near ones the first is taken.
 */
export function didYouMean(
  written: string,
  options: readonly string[],
  sensitivity: 'case-sensitive' | 'any-case' = 'case-sensitive',
): string {
  const fold = (text: string): string => (sensitivity === 'any-case' ? text.toLowerCase() : text);
  // Names are short; the text of a stranger may not be, and comparing is quadratic.
  if (written.length > 100) return '';
  const wanted = characters(fold(written));
  let best: string | undefined;
  let least = 3;
  for (const option of options) {
    if (fold(option) === fold(written)) return '';
    const candidate = characters(fold(option));
    if (Math.abs(candidate.length - wanted.length) >= least) continue;
    const edits = distance(wanted, candidate);
    if (edits < least) {
      best = option;
      least = edits;
    }
  }
  if (best === undefined) return '';
  return ` (did you mean ${sensitivity === 'any-case' ? inCaseOf(best, written) : best}?)`;
}
