import { diskFailure, isDiskFull, whatIsFull } from '../content/disk-failure.ts';
import { firstCause } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Report } from '../lib/report.ts';
import type { Store } from '../store/store.ts';
import { Operation } from './operation.ts';

/** An operation that writes into a store: that its disk is full is told as such, wherever it was noticed. */
export function storing<Event, Outcome>(
  store: Store,
  options: AbortOptions,
  work: (report: Report<Event>, signal: AbortSignal) => Promise<Outcome>,
): Operation<Event, Outcome> {
  return new Operation(async (report: Report<Event>, signal) => {
    try {
      store.openForWriting();
      return await work(report, signal);
    } catch (error) {
      const first = firstCause(error);
      throw isDiskFull(first) ? diskFailure(first, store.layout.root) : first;
    }
  }, options);
}

/** A failure for want of room as one of the store at `root`, when it is this that is full and not where something else is written. */
export const namedIfFull = (error: unknown, root: string): unknown =>
  isDiskFull(error) && whatIsFull(root) !== undefined ? diskFailure(error, root) : error;
