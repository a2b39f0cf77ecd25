import { setTimeout } from 'node:timers/promises';
import type { AbortOptions } from '../lib/abort.ts';
import { TaskGroup } from '../lib/task-group.ts';
import { syncFilesystem } from '../sys/syncfs.ts';

/**
 * Has the disk written to while `work` waits for the processor, so that the flush that counts finds little left. Answers
 * what `work` does. What could not be written is told by the flush that counts, a `FilesystemFlush` made before.
 *
 * A flush holds up whoever makes files meanwhile: work shorter than `pauseMs` sees none, long work ever fewer.
 */
export async function flushMeanwhile<T>(
  directory: string,
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
      await syncFilesystem(directory, { signal: stop }).catch(() => {
        // For the flush that counts to tell.
      });
    }
  });
  const answer = await work();
  over.abort();
  await flushing.join();
  return answer;
}
