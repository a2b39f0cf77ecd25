import { diskFailure, isDiskFull } from '../content/disk-failure.ts';
import { firstCause } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { Operation, type Report } from './operation.ts';

/** An operation that writes into the store at `root`: that its disk is full is told as such, wherever it was noticed. */
export function storing<Event, Outcome>(
  root: string,
  options: AbortOptions,
  work: (report: Report<Event>, signal: AbortSignal) => Promise<Outcome>,
): Operation<Event, Outcome> {
  return new Operation(async (report: Report<Event>, signal) => {
    try {
      return await work(report, signal);
    } catch (error) {
      const first = firstCause(error);
      throw isDiskFull(first) ? diskFailure(first, root) : first;
    }
  }, options);
}
