import { setTimeout } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { TaskGroup } from '../../lib/task-group.ts';

/**
 * Has the disk written to while `work` waits for the processor, so that the flush that counts finds little left. Answers
 * what `work` does; rejects when that has ended and something could not be written.
 *
 * A flush holds up whoever makes files meanwhile: work shorter than `pauseMs` sees none, long work ever fewer.
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
        // Told by the signals themselves.
      });
      if (over.signal.aborted || stop.aborted) return;
      await disk.flush({ signal: stop });
    }
  });
  const answer = await work().catch((error: unknown) => {
    // It may have failed for want of what the disk did not take.
    throw flushing.signal.aborted ? flushing.signal.reason : error;
  });
  over.abort();
  await flushing.join();
  return answer;
}
