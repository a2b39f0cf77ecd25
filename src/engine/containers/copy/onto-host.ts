import { markOutputFailures } from '../../../images/caller-failures.ts';
import type { WriteBytes } from '../../../images/save/archive-writer.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import { closeFd } from '../../../sys/fs-at.ts';
import { RootedTree } from '../../../sys/rooted-tree.ts';
import { copyPath } from './copy-path.ts';
import { type DestinationWords, findDestination } from './destination.ts';
import { copyMissing, makeFolder, readOnly } from './failures.ts';
import { copyFailure, hostFailure, mountedBelow, onHost } from './host-failures.ts';
import { unpackCopy } from './unpack-copy.ts';

/** Something that is copied out, of a container or of an image. */
export interface CopiedOut {
  /** Undefined when only what it holds is meant. */
  readonly name: string | undefined;
  readonly isDirectory: boolean;
  /** Its tar, under another name or its own. */
  readonly chunksOf: (as: Uint8Array | undefined) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface CopyOntoHostOptions extends AbortOptions {
  /** Owners come along; else all is the caller's. */
  readonly keepOwners: boolean;
}

/**
 * Copies onto the host, by docker's rules of what becomes of the name. Returns the bytes of the tar. Throws
 * ERR_COPY_NOT_FOUND, ERR_COPY_REFUSED, ERR_ARCHIVE_ENTRY, ERR_NO_SPACE.
 */
export async function copyOntoHost(
  source: CopiedOut,
  to: string,
  { keepOwners, signal }: CopyOntoHostOptions,
): Promise<number> {
  using host = RootedTree.open('/');
  const words: DestinationWords = {
    missing: (folder) =>
      copyMissing(`invalid output path: directory ${JSON.stringify(folder)} does not exist`, makeFolder),
    unfit: `invalid output path: ${JSON.stringify(to)} must be a directory or a regular file`,
  };
  const found = onHost(to, () => findDestination(host, copyPath(to, process.cwd()), source, words));
  const owner = keepOwners ? undefined : { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  try {
    const mounted = mountedBelow(host, found.fd);
    return await unpackCopy(source.chunksOf(found.name), found.fd, { owner, mounted, signal });
  } catch (error) {
    throw copyFailure(hostFailure(to, error), `/proc/self/fd/${found.fd}`, () =>
      readOnly(`filesystem of ${to}`, error),
    );
  } finally {
    closeFd(found.fd);
  }
}

/** Gives a caller the tar itself. Returns its bytes. */
export async function giveArchive(
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
