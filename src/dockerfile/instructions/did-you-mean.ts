import { nearestIndex } from '../../lib/nearest-index.ts';

/** Returns the option in upper case when `written` is all upper case, else in lower case. */
const inCaseOf = (option: string, written: string): string =>
  written === written.toUpperCase() && written !== written.toLowerCase() ? option.toUpperCase() : option.toLowerCase();

/**
 * Returns the option that `written` most likely meant as the tail of a message: ` (did you mean RUN?)`. Empty when none
 * is within two edits, or when one is equal: then the problem is another one. Of equally near ones the first is taken.
 */
export function didYouMean(
  written: string,
  options: readonly string[],
  sensitivity: 'case-sensitive' | 'any-case' = 'case-sensitive',
): string {
  const fold = (text: string): string => (sensitivity === 'any-case' ? text.toLowerCase() : text);
  const at = nearestIndex(fold(written), options.map(fold));
  const best = at === undefined ? undefined : options[at];
  if (best === undefined) return '';
  return ` (did you mean ${sensitivity === 'any-case' ? inCaseOf(best, written) : best}?)`;
}
