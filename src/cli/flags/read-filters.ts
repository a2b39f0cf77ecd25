import type { Command } from 'commander';
import { isStrataError } from '../../errors/index.ts';
import { Filters } from '../../query/filters.ts';
import { usageProblem } from './flags.ts';

/**
 * Reads the values of `--filter`. `flag` is its name in docker's message. Throws ERR_USAGE unless each is `name=value`.
 */
export function readFilters(command: Command, given: readonly string[], flag: '--filter' | '-f, --filter'): Filters {
  try {
    return Filters.fromFlags(given);
  } catch (error) {
    if (!isStrataError(error, 'ERR_FILTER_FORMAT')) throw error;
    const text = JSON.stringify(error.details?.['filter'] ?? '');
    throw usageProblem(command, `invalid argument ${text} for "${flag}" flag: ${error.message}`);
  }
}
