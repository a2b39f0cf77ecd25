import type { SparseRun } from '../archive/index.ts';
import { readFullyAt } from '../sys/fd-io.ts';

const chunkBytes = 256 << 10;

/**
 * Yields the bytes of a file that an archive stores: the first `sizeBytes`, or only the runs of a sparse file. Chunks are
 * views, valid until the next one. Ends early when the file is shorter.
 */
export function* readStoredBody(
  fd: number,
  sizeBytes: number,
  runs: readonly SparseRun[] = [{ offset: 0, length: sizeBytes }],
): Generator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(chunkBytes, sizeBytes));
  for (const run of runs) {
    for (let done = 0; done < run.length; ) {
      const chunk = buffer.subarray(0, Math.min(buffer.length, run.length - done));
      const count = readFullyAt(fd, chunk, run.offset + done);
      if (count > 0) yield chunk.subarray(0, count);
      if (count < chunk.length) return;
      done += count;
    }
  }
}
