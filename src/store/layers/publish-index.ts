import { renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { describeReadFault } from '../../sys/describe-read-fault.ts';
import { errnoOf } from '../../sys/errno.ts';

const chunkBytes = 1 << 20;

export interface PublishIndexOptions {
  /**
   * True when an existing index was flushed. An unflushed one may be lost on the disk and still be read from memory.
   */
  readonly isTrusted: boolean;
}

/**
 * Renames a finished index to its final path; to be called under the layer's lock. An acknowledged image may depend on
 * an existing index. It is kept if it is equal; otherwise the new one is flushed before it replaces it, because after a
 * rename alone a power cut can leave an empty file.
 */
export async function publishIndex(written: string, path: string, { isTrusted }: PublishIndexOptions): Promise<void> {
  await using existing = await openIfExists(path);
  if (existing !== undefined) {
    await using file = await open(written, 'r');
    if (isTrusted && (await isReadableAndSame(file, existing))) return rmSync(written);
    await file.sync();
  }
  renameSync(written, path);
}

async function openIfExists(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function isReadableAndSame(written: FileHandle, existing: FileHandle): Promise<boolean> {
  try {
    return await isSame(written, existing);
  } catch (error) {
    describeReadFault(error);
    return false;
  }
}

async function isSame(a: FileHandle, b: FileHandle): Promise<boolean> {
  const { size } = await a.stat();
  if ((await b.stat()).size !== size) return false;
  const [left, right] = [Buffer.alloc(Math.min(size, chunkBytes)), Buffer.alloc(Math.min(size, chunkBytes))];
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
