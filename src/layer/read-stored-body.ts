import type { SparseRun } from '../archive/index.ts';
import { readFullyAt } from '../sys/fd-io.ts';

const pieceBytes = 256 << 10;

/**
 * The bytes of a file that an archive stores for it: all of the first `sizeBytes`, or only the runs of a sparse one.
 * Pieces are views, valid until the next one. Ends early when the file is shorter.
 */
export function* readStoredBody(
  fd: number,
  sizeBytes: number,
  runs: readonly SparseRun[] = [{ offset: 0, length: sizeBytes }],
): Generator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(pieceBytes, sizeBytes));
  for (const run of runs) {
    for (let done = 0; done < run.length; ) {
      const piece = buffer.subarray(0, Math.min(buffer.length, run.length - done));
      const count = readFullyAt(fd, piece, run.offset + done);
      if (count > 0) yield piece.subarray(0, count);
      if (count < piece.length) return;
      done += count;
    }
  }
}
