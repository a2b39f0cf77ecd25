import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Digest } from '../../spec/digest.ts';
import { digestAlgorithm } from '../../spec/digest.ts';
import { errnoOf } from '../../sys/errno.ts';
import { diskFailure } from '../disk-failure.ts';
import { blobNotFound, damagedBlob } from '../failures.ts';
import type { BlobReader, OpenOptions } from '../types.ts';
import { digestOf } from '../verified.ts';

const pieceBytes = 1 << 20;

/**
 * True for a length no blob of that name can have. A crash of another writer (or of another engine on this disk) makes
 * files of the right name and no content (containerd#5854, moby#49784), which is worth telling without hashing.
 */
export const isImpossible = (digest: Digest, sizeBytes: number): boolean =>
  sizeBytes === 0 && digest !== digestOf(new Uint8Array(0), digestAlgorithm(digest));

/** Opens the blob at `path`. Throws ERR_BLOB_NOT_FOUND, ERR_BLOB_DAMAGED. */
export async function openBlob(path: string, digest: Digest, { signal, sizeBytes }: OpenOptions): Promise<BlobReader> {
  signal?.throwIfAborted();
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? blobNotFound(digest) : diskFailure(error, path);
  }
  try {
    const { size } = await handle.stat();
    if ((sizeBytes !== undefined && size !== sizeBytes) || isImpossible(digest, size)) {
      throw damagedBlob(digest, size, sizeBytes);
    }
    return new FileReader(digest, size, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class FileReader implements BlobReader {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly #handle: FileHandle;

  constructor(digest: Digest, sizeBytes: number, handle: FileHandle) {
    this.digest = digest;
    this.sizeBytes = sizeBytes;
    this.#handle = handle;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.sizeBytes - position));
    for (let done = 0; done < wanted; ) {
      const { bytesRead } = await this.#handle.read(target, done, wanted - done, position + done);
      if (bytesRead === 0) throw damagedBlob(this.digest, position + done, this.sizeBytes);
      done += bytesRead;
    }
    return wanted;
  }

  async *stream({
    signal,
    start = 0,
    end = this.sizeBytes,
  }: AbortOptions & { readonly start?: number; readonly end?: number } = {}): AsyncGenerator<
    Uint8Array,
    void,
    undefined
  > {
    const stop = Math.min(end, this.sizeBytes);
    for (let position = start; position < stop; ) {
      signal?.throwIfAborted();
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, stop - position));
      position += await this.read(piece, position);
      yield piece;
    }
    signal?.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
