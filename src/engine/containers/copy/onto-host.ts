import { markOutputFailures } from '../../../images/caller-failures.ts';
import type { WriteBytes } from '../../../images/save/archive-writer.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import { closeFd } from '../../../sys/fs-at.ts';
import { RootedTree } from '../../../sys/rooted-tree.ts';
import { parseCopyPath } from './copy-path.ts';
import { type DestinationMessages, findDestination } from './destination.ts';
import { copyNotFound, createParentHint, destinationReadOnly } from './failures.ts';
import { copyFailure, hostFailure, mountedBelow, withHostFailures } from './host-failures.ts';
import { unpackCopy } from './unpack-copy.ts';

/** A source in a container or an image, copied onto the host. */
export interface OutgoingCopy {
  /** Undefined when only the directory's content is copied. */
  readonly name: string | undefined;
  readonly isDirectory: boolean;
  /** Returns its tar, under another name or its own. */
  readonly chunksOf: (as: Uint8Array | undefined) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface CopyOntoHostOptions extends AbortOptions {
  /** Keeps owners. Otherwise everything belongs to the caller. */
  readonly keepOwners: boolean;
}

/**
 * Copies onto the host by docker's naming rules. Returns the size of the tar in bytes. Throws ERR_COPY_NOT_FOUND,
 * ERR_COPY_REFUSED, ERR_ARCHIVE_ENTRY, ERR_NO_SPACE.
 */
export async function copyOntoHost(
  source: OutgoingCopy,
  to: string,
  { keepOwners, signal }: CopyOntoHostOptions,
): Promise<number> {
  using host = RootedTree.open('/');
  const messages: DestinationMessages = {
    missing: (folder) =>
      copyNotFound(`invalid output path: directory ${JSON.stringify(folder)} does not exist`, createParentHint),
    unfit: `invalid output path: ${JSON.stringify(to)} must be a directory or a regular file`,
  };
  const found = withHostFailures(to, () => findDestination(host, parseCopyPath(to, process.cwd()), source, messages));
  const owner = keepOwners ? undefined : { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  try {
    const mounted = mountedBelow(host, found.fd, 'Unmount it first, or copy to another directory.');
    return await unpackCopy(source.chunksOf(found.name), found.fd, { owner, mounted, signal });
  } catch (error) {
    throw copyFailure(hostFailure(to, error), `/proc/self/fd/${found.fd}`, () =>
      destinationReadOnly(`filesystem of ${to}`, error),
    );
  } finally {
    closeFd(found.fd);
  }
}

/** Writes the tar to the caller's function. Returns its size in bytes. */
export async function writeArchive(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  to: WriteBytes,
  { signal }: AbortOptions,
): Promise<number> {
  const take = markOutputFailures(to);
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    await take(chunk);
    sizeBytes += chunk.length;
  }
  return sizeBytes;
}
