import { createHash, type Hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../sys/constants.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { startWriteback } from '../../sys/start-writeback.ts';
import { getXattrFd, listXattrsFd } from '../../sys/xattr.ts';
import { isCopiedXattr } from './is-copied-xattr.ts';

// Chunks of a file between two checks of the signal.
const chunksPerCheck = 64;
const chunk = Buffer.allocUnsafe(1 << 20);

/** Largest file that {@link smallFileDigest} reads, in bytes. */
export const smallFileBytes: number = chunk.length - 1;

/**
 * {@link fileDigest} of a file that one call reads, which are nearly all; undefined for one that is not `size` bytes
 * long.
 */
export function smallFileDigest(dirFd: number, name: Uint8Array, size: number): string | undefined {
  if (size > smallFileBytes) return undefined;
  const fd = openForReading(dirFd, name);
  try {
    const hash = fileHash(fd);
    // Reading one byte more than expected shows in the same call whether the file is longer.
    if (readSync(fd, chunk, 0, size + 1, 0) !== size) return undefined;
    return hash.update(chunk.subarray(0, size)).digest('hex');
  } finally {
    closeFd(fd);
  }
}

/** Returns a digest over the xattrs and the content of an open file, in hexadecimal digits. */
export async function fileDigest(fd: number, signal: AbortSignal): Promise<string> {
  const hash = fileHash(fd);
  for (let offset = 0; ; ) {
    const length = readFullyAt(fd, chunk, offset);
    hash.update(chunk.subarray(0, length));
    offset += length;
    if (length < chunk.length) return hash.digest('hex');
    if (offset % (chunksPerCheck * chunk.length) !== 0) continue;
    await setImmediate();
    signal.throwIfAborted();
  }
}

/** A hash, or another receiver of fields. */
export interface FieldSink {
  update(data: Uint8Array | string): unknown;
}

/** Adds a field. Its length comes before its value, so that no two lists of fields give the same bytes. */
export function addField(fields: FieldSink, label: string, value: Uint8Array | string): void {
  fields.update(`${label} ${Buffer.byteLength(value)}:`);
  fields.update(value);
}

/** Opens a file for reading even if it was replaced: without blocking, and never through a symlink (ELOOP). */
export const openForReading = (dirFd: number, name: Uint8Array): number =>
  openAt(dirFd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);

function fileHash(fd: number): Hash {
  // A change through a memory mapping, now or later, must show in the file's times.
  startWriteback(fd);
  const hash = createHash('sha256');
  for (const attribute of listXattrsFd(fd).filter(isCopiedXattr).sort()) {
    addField(hash, 'xattr', attribute);
    addField(hash, 'value', getXattrFd(fd, attribute) ?? '');
  }
  return hash.update('content:');
}
