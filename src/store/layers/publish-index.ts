import { renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { describeReadFault } from '../../sys/describe-read-fault.ts';
import { errnoOf } from '../../sys/errno.ts';

const pieceBytes = 1 << 20;

export interface PublishIndexOptions {
  /** The index that stands was flushed. One that was not may be lost on the disk, and still read well from memory. */
  readonly isTrusted: boolean;
}

/**
 * Gives a finished index its name; to be called under the layer's lock. One that stands may be what an image acknowledged
 * long ago is remade from: it stays where it says the same, and else gives way to one that is on the disk already. A
 * rename alone would let a power cut leave an empty file in its place.
 */
export async function publishIndex(written: string, path: string, { isTrusted }: PublishIndexOptions): Promise<void> {
  await using standing = await openIfThere(path);
  if (standing !== undefined) {
    await using file = await open(written, 'r');
    if (isTrusted && (await isReadableAndSame(file, standing))) return rmSync(written);
    await file.sync();
  }
  renameSync(written, path);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function isReadableAndSame(written: FileHandle, standing: FileHandle): Promise<boolean> {
  try {
    return await isSame(written, standing);
  } catch (error) {
    describeReadFault(error);
    return false;
  }
}

async function isSame(a: FileHandle, b: FileHandle): Promise<boolean> {
  const { size } = await a.stat();
  if ((await b.stat()).size !== size) return false;
  const [left, right] = [Buffer.alloc(Math.min(size, pieceBytes)), Buffer.alloc(Math.min(size, pieceBytes))];
  for (let offset = 0; offset < size; ) {
    const [{ bytesRead: count }, { bytesRead: other }] = await Promise.all([
      a.read(left, 0, left.length, offset),
      b.read(right, 0, right.length, offset),
    ]);
    if (count === 0 || count !== other || left.compare(right, 0, count, 0, count) !== 0) return false;
    offset += count;
  }
  return true;
}
