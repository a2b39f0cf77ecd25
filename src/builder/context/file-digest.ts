import { createHash, type Hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../sys/constants.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { startWriteback } from '../../sys/start-writeback.ts';
import { getXattrFd, listXattrsFd } from '../../sys/xattr.ts';
import { isCopiedXattr } from './copied-xattrs.ts';

// Between two looks at the signal the thread works on this many pieces of a file.
const pieces = 64;
const chunk = Buffer.allocUnsafe(1 << 20);

/** What {@link smallFileDigest} takes at most, in bytes. */
export const smallFileBytes: number = chunk.length - 1;

/** {@link fileDigest} of a file that one call reads, as nearly all are; undefined for one that is not `size` bytes long. */
export function smallFileDigest(dirFd: number, name: Uint8Array, size: number): string | undefined {
  if (size > smallFileBytes) return undefined;
  const fd = openForReading(dirFd, name);
  try {
    const hash = fileHash(fd);
    // Asked for a byte more than there should be, the kernel answers in one call whether there is.
    if (readSync(fd, chunk, 0, size + 1, 0) !== size) return undefined;
    return hash.update(chunk.subarray(0, size)).digest('hex');
  } finally {
    closeFd(fd);
  }
}

/** A digest over the xattrs and the content of an open file, in hexadecimal digits. */
export async function fileDigest(fd: number, signal: AbortSignal): Promise<string> {
  const hash = fileHash(fd);
  for (let offset = 0; ; ) {
    const length = readFullyAt(fd, chunk, offset);
    hash.update(chunk.subarray(0, length));
    offset += length;
    if (length < chunk.length) return hash.digest('hex');
    if (offset % (pieces * chunk.length) !== 0) continue;
    await setImmediate();
    signal.throwIfAborted();
  }
}

/** What a hash, or whatever else takes pieces of bytes, is told. */
export interface Fields {
  update(data: Uint8Array | string): unknown;
}

/** Lengths stand before values, so that no two lists of fields give the same bytes. */
export function addField(fields: Fields, label: string, value: Uint8Array | string): void {
  fields.update(`${label} ${Buffer.byteLength(value)}:`);
  fields.update(value);
}

/** A file to be read, whatever it has become: nothing that blocks, and no symlink (ELOOP). */
export const openForReading = (dirFd: number, name: Uint8Array): number =>
  openAt(dirFd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);

function fileHash(fd: number): Hash {
  // A change through memory while we read, or later, must show in the file's times.
  startWriteback(fd);
  const hash = createHash('sha256');
  for (const attribute of listXattrsFd(fd).filter(isCopiedXattr).sort()) {
    addField(hash, 'xattr', attribute);
    addField(hash, 'value', getXattrFd(fd, attribute) ?? '');
  }
  return hash.update('content:');
}
