import { setImmediate } from 'node:timers/promises';
import { TarParser } from '../../../archive/index.ts';
import { ArchiveSink } from '../../../builder/archive/archive-sink.ts';
import type { StrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';

export interface UnpackCopyOptions extends AbortOptions {
  /** Owner of all created files. Default: the owners in the archive. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Returns the error for an entry whose path is a mount point. */
  readonly mounted: (path: Uint8Array) => StrataError;
}

/**
 * Unpacks a tar into an open directory. Nothing is created outside it, even if other processes change it meanwhile. After a
 * failure some entries may exist. Returns the size of the tar in bytes. Throws ERR_ARCHIVE_ENTRY, and what parsing and
 * system calls throw.
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
    // Restores the attributes of existing directories.
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
    // The first failure is the one to report.
  }
}
