import { StrataError } from '../errors/index.ts';
import type { FilterTest } from './filters.ts';
import { compareInstants, type Instant, instantOf, parseInstant } from './instant.ts';

/** Parses the only value of `until`. Throws ERR_FILTER_REPEATED, ERR_TIME_INVALID. */
export function parseOnlyTime([time = '', ...others]: readonly string[], now: Date): Instant {
  if (others.length === 0) return parseInstant(time, { now: instantOf(now.getTime()) });
  throw new StrataError({
    code: 'ERR_FILTER_REPEATED',
    message: 'more than one until filter specified',
    hint: 'Give one until=TIME.',
  });
}

/**
 * Creates the filter `until` of a prune command, which selects items older than the time. `timeOf` returns milliseconds
 * since 1970. Throws as {@link parseOnlyTime}.
 */
export const untilFilter =
  <Item>(timeOf: (item: Item) => number, now: Date): FilterTest<Item> =>
  (times) => {
    const limit = parseOnlyTime(times, now);
    return (item) => compareInstants(instantOf(timeOf(item)), limit) < 0;
  };
