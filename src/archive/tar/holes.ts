import type { SparseRun, TarEntry } from './types.ts';

/** Turns the stored bytes of an entry into the file's content. Chunks are views, valid until the next call. */
export interface HoleFiller {
  write(chunk: Uint8Array): Generator<Uint8Array>;
  /** Returns the hole at the end, if there is one. */
  finish(): Generator<Uint8Array>;
}

const zeros = new Uint8Array(64 << 10);

/**
 * Fills the holes of a sparse entry with zeros; the bytes of a dense entry pass through. The content is as long as the entry
 * claims, maybe petabytes from a few bytes of archive, so a reader needs a limit.
 */
export function fillHoles(entry: Pick<TarEntry, 'sparse' | 'sizeBytes'>): HoleFiller {
  const runs: readonly SparseRun[] =
    entry.sparse ?? (entry.sizeBytes > 0 ? [{ offset: 0, length: entry.sizeBytes }] : []);
  let position = 0;
  let index = 0;

  function* hole(until: number): Generator<Uint8Array> {
    while (position < until) {
      const chunk = zeros.subarray(0, Math.min(zeros.length, until - position));
      position += chunk.length;
      yield chunk;
    }
  }

  return {
    *write(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const run = runs[index];
        // The parser has checked that runs and stored bytes agree.
        if (run === undefined) return;
        yield* hole(run.offset);
        const count = Math.min(run.offset + run.length - position, chunk.length - at);
        position += count;
        if (position === run.offset + run.length) index++;
        yield count === chunk.length ? chunk : chunk.subarray(at, at + count);
        at += count;
      }
    },
    finish: () => hole(entry.sizeBytes),
  };
}
