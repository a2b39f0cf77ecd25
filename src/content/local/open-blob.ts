// Not node:fs/promises: loading it takes longer than most commands need to read from an image.
import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import type { AbortOptions } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import type { Digest } from '../../spec/digest.ts';
import { digestAlgorithm } from '../../spec/digest.ts';
import { errnoOf } from '../../sys/errno.ts';
import { diskFailure } from '../disk-failure.ts';
import { blobDamaged, blobNotFound } from '../failures.ts';
import type { BlobReader, OpenOptions } from '../types.ts';
import { digestOf } from '../verify.ts';

const chunkBytes = 1 << 20;
// Up to this size a read is synchronous; a larger one leaves the event loop free.
const smallBytes = 1 << 16;

/**
 * True for a length that no blob of that digest can have. A crash of another writer (or of another engine on this disk)
 * leaves empty files under valid names (containerd#5854, moby#49784), which can be detected without hashing.
 */
export const isImpossibleSize = (digest: Digest, sizeBytes: number): boolean =>
  sizeBytes === 0 && digest !== digestOf(new Uint8Array(0), digestAlgorithm(digest));

/** Opens the blob at `path` for reading. Throws ERR_BLOB_NOT_FOUND, ERR_BLOB_DAMAGED. */
export async function openBlob(path: string, digest: Digest, { signal, sizeBytes }: OpenOptions): Promise<BlobReader> {
  signal?.throwIfAborted();
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? blobNotFound(digest) : diskFailure(error, path);
  }
  try {
    const { size } = fstatSync(fd);
    if ((sizeBytes !== undefined && size !== sizeBytes) || isImpossibleSize(digest, size)) {
      throw blobDamaged(digest, size, sizeBytes);
    }
    return new FileReader(digest, size, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

class FileReader implements BlobReader {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly #reads = new Set<Promise<number>>();
  /** Undefined once the reader is closed. */
  #fd: number | undefined;

  constructor(digest: Digest, sizeBytes: number, fd: number) {
    this.digest = digest;
    this.sizeBytes = sizeBytes;
    this.#fd = fd;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.sizeBytes - position));
    for (let done = 0; done < wanted; ) {
      const bytesRead = await this.#readSome(target.subarray(done, wanted), position + done);
      if (bytesRead === 0) throw blobDamaged(this.digest, position + done, this.sizeBytes);
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
      const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, stop - position));
      position += await this.read(chunk, position);
      yield chunk;
    }
    signal?.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    // Wait for running reads: after the close, another file may get the descriptor's number.
    await Promise.allSettled(this.#reads);
    if (fd !== undefined) closeSync(fd);
  }

  async #readSome(target: Uint8Array, position: number): Promise<number> {
    const fd = this.#fd;
    invariant(fd !== undefined, 'a blob is read while it is open');
    if (target.length <= smallBytes) return readSync(fd, target, 0, target.length, position);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#reads.add(promise);
    read(fd, target, 0, target.length, position, (error, bytesRead) => (error ? reject(error) : resolve(bytesRead)));
    try {
      return await promise;
    } finally {
      this.#reads.delete(promise);
    }
  }
}
