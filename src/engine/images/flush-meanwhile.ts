import { setTimeout } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { TaskGroup } from '../../lib/task-group.ts';
import { syncFilesystem } from '../../sys/syncfs.ts';

// A flush holds up whoever makes files meanwhile: short work sees none, long work ever fewer.
const firstPauseMs = 300;

/**
 * Has the disk written to while `work` makes files, so that the flush that counts finds little left. Answers what `work`
 * does; rejects when something could not be written, which the kernel tells only once.
 */
export async function flushMeanwhile<T>(
  directory: string,
  work: () => Promise<T>,
  { signal }: AbortOptions = {},
): Promise<T> {
  const over = new AbortController();
  await using flushing = new TaskGroup({ signal });
  flushing.run(async (stop) => {
    for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
      await setTimeout(pauseMs, undefined, { signal: AbortSignal.any([stop, over.signal]) }).catch(() => {
        // Told by the signals themselves.
      });
      if (over.signal.aborted || stop.aborted) return;
      await syncFilesystem(directory, { signal: stop });
    }
  });
  const answer = await work();
  over.abort();
  await flushing.join();
  return answer;
}
