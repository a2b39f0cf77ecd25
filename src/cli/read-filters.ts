import { isStrataError, StrataError } from '../errors/index.ts';
import { Filters } from '../query/filters.ts';

/** What `--filter` was given; `flag` is how docker names it in its complaint. Throws ERR_USAGE for what is no `name=value`. */
export function readFilters(given: readonly string[], flag: '--filter' | '-f, --filter'): Filters {
  try {
    return Filters.fromFlags(given);
  } catch (error) {
    if (!isStrataError(error, 'ERR_FILTER_FORMAT')) throw error;
    const text = JSON.stringify(error.details?.['filter'] ?? '');
    throw new StrataError({
      kind: 'invalid-argument',
      code: 'ERR_USAGE',
      message: `invalid argument ${text} for "${flag}" flag: ${error.message}`,
      cause: error,
    });
  }
}
