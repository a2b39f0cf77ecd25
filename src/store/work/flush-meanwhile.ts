import { setTimeout } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { TaskGroup } from '../../lib/task-group.ts';

/**
 * Flushes the disk from time to time while `work` runs, so that little is left for the final flush. Returns the result
 * of `work`. If a flush fails, it rejects with that error once `work` has ended.
 *
 * A flush delays the creation of files, so the pauses grow: work shorter than `pauseMs` sees none, longer work ever
 * fewer.
 */
export async function flushMeanwhile<T>(
  disk: { flush(options: AbortOptions): Promise<void> },
  work: () => Promise<T>,
  { signal, pauseMs: firstPauseMs }: AbortOptions & { readonly pauseMs: number },
): Promise<T> {
  const over = new AbortController();
  await using flushing = new TaskGroup({ signal });
  flushing.run(async (stop) => {
    for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
      await setTimeout(pauseMs, undefined, { signal: AbortSignal.any([stop, over.signal]) }).catch(() => {
        // The signals are checked below.
      });
      if (over.signal.aborted || stop.aborted) return;
      await disk.flush({ signal: stop });
    }
  });
  const result = await work().catch((error: unknown) => {
    // A failed flush may be the reason for this failure, so its error is thrown instead.
    throw flushing.signal.aborted ? flushing.signal.reason : error;
  });
  over.abort();
  await flushing.join();
  return result;
}
