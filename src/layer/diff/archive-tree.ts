import type { AbortOptions } from '../../lib/abort.ts';
import { OpenDirectories } from '../open-directories.ts';
import { ChangeArchiver } from './change-archiver.ts';
import { changesOf } from './diff-tree.ts';

export interface ArchiveTreeRequest extends AbortOptions {
  readonly directory: string;
  /** Receives the archive, in chunks of up to 256 KiB that it may keep. */
  readonly sink: (chunk: Uint8Array) => void | Promise<void>;
}

/**
 * Writes everything below a folder as the archive that `diffLayer` would make, parents first and in byte order. Sockets
 * are left out, as archives cannot hold them. Makes no layer: nothing is hashed or stored. Runs on the calling thread;
 * aborting rejects with the signal's reason.
 * @throws ERR_LAYER_SOURCE_CHANGED, ERR_LAYER_DIFF_INDIRECT, ERR_TAR_UNENCODABLE
 */
export async function archiveTree({ directory, sink, signal }: ArchiveTreeRequest): Promise<void> {
  signal?.throwIfAborted();
  using upper = new OpenDirectories(directory);
  const changes = changesOf({ kind: 'trees', upperDir: directory, lowerDir: undefined }, upper);
  for (const chunk of new ChangeArchiver(undefined).archive(changes)) {
    signal?.throwIfAborted();
    await sink(chunk);
  }
}
