import type { Command } from 'commander';
import { isStrataError } from '../../errors/index.ts';
import { Filters } from '../../query/filters.ts';
import { usageProblem } from './flags.ts';

/** What `--filter` was given; `flag` is how docker names it in its complaint. Throws ERR_USAGE for what is no `name=value`. */
export function readFilters(command: Command, given: readonly string[], flag: '--filter' | '-f, --filter'): Filters {
  try {
    return Filters.fromFlags(given);
  } catch (error) {
    if (!isStrataError(error, 'ERR_FILTER_FORMAT')) throw error;
    const text = JSON.stringify(error.details?.['filter'] ?? '');
    throw usageProblem(command, `invalid argument ${text} for "${flag}" flag: ${error.message}`);
  }
}
