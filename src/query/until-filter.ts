import { StrataError } from '../errors/index.ts';
import type { FilterTest } from './filters.ts';
import { compareInstants, type Instant, instantOf, parseInstant } from './timestamp.ts';

/** The one time a prune command takes. Throws ERR_FILTER_REPEATED, ERR_TIME_INVALID. */
export function onlyTime([time = '', ...others]: readonly string[], now: Date): Instant {
  if (others.length === 0) return parseInstant(time, { now: instantOf(now.getTime()) });
  throw new StrataError({
    code: 'ERR_FILTER_REPEATED',
    message: 'more than one until filter specified',
    hint: 'Give one until=TIME.',
  });
}

/**
 * The filter `until` of a prune command: what is older than the time passes. `timeOf` returns milliseconds since 1970. Throws
 * as {@link onlyTime}.
 */
export const untilFilter =
  <Item>(timeOf: (item: Item) => number, now: Date): FilterTest<Item> =>
  (times) => {
    const limit = onlyTime(times, now);
    return (item) => compareInstants(instantOf(timeOf(item)), limit) < 0;
  };
