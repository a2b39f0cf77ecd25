import { setImmediate } from 'node:timers/promises';
import { TarParser } from '../../../archive/index.ts';
import { ArchiveSink } from '../../../builder/archive/archive-sink.ts';
import type { StrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';

export interface UnpackCopyOptions extends AbortOptions {
  /** Of all that is made; what the archive says without it. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** What to say of an entry at whose place something is mounted. */
  readonly mounted: (path: Uint8Array) => StrataError;
}

/**
 * Unpacks a tar into an open directory, which others may change meanwhile: nothing is made outside it. On failure some
 * of it is there. Answers how many bytes the tar had. Throws ERR_ARCHIVE_ENTRY, and what parsing and system calls throw.
 */
export async function unpackCopy(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  fd: number,
  { owner, mounted, signal }: UnpackCopyOptions,
): Promise<number> {
  using sink = new ArchiveSink(`/proc/self/fd/${fd}`, { owner, isLayer: false, keepsKinds: { mounted } });
  const parser = new TarParser(sink);
  let sizeBytes = 0;
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      parser.write(chunk);
      sizeBytes += chunk.length;
      await setImmediate();
    }
    parser.finish();
  } catch (error) {
    // Directories that were there get back what they had.
    finishQuietly(sink);
    throw error;
  }
  sink.finish();
  return sizeBytes;
}

function finishQuietly(sink: ArchiveSink): void {
  try {
    sink.finish();
  } catch {
    // The first failure is the one to tell.
  }
}
