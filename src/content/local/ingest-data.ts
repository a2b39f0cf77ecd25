import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import type { DigestAlgorithm } from '../../spec/digest.ts';
import { bootId } from '../../sys/boot-id.ts';
import { flushFailed, isDiskFull } from '../disk-failure.ts';
import { RunningDigest } from '../verify.ts';
import type { StoreHealth } from './health.ts';
import type { IngestFolder } from './ingest.ts';

const chunkBytes = 1 << 20;
// A power cut costs at most this much of a download. Flushing on the way also keeps the final flush short.
const flushEveryBytes = 64 << 20;

/** The `data` file of an ingest: its bytes that may be trusted, and how many of them are on the disk. */
export class IngestData {
  readonly #folder: IngestFolder;
  readonly #health: StoreHealth;
  readonly #file: FileHandle;
  #flushedBytes: number;
  #flushing: Promise<void> | undefined;
  #flushFailure: { readonly error: unknown } | undefined;

  private constructor(folder: IngestFolder, health: StoreHealth, file: FileHandle, flushedBytes: number) {
    this.#folder = folder;
    this.#health = health;
    this.#file = file;
    this.#flushedBytes = flushedBytes;
  }

  /**
   * Opens the file and cuts off bytes that cannot be trusted. In the boot that wrote them all bytes are valid, also
   * after a kill; in a later boot only the flushed ones are. `sizeBytes` of the result is the number of bytes left.
   */
  static async open(folder: IngestFolder, health: StoreHealth): Promise<{ data: IngestData; sizeBytes: number }> {
    const { boot, flushedBytes } = folder.readFlushed();
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const file = await open(folder.dataPath, flags, 0o644);
    try {
      const { size } = await file.stat();
      const sizeBytes = boot === bootId() ? size : Math.min(size, flushedBytes);
      if (sizeBytes < size) await file.truncate(sizeBytes);
      if (boot !== bootId()) folder.recordFlushed(sizeBytes);
      return { data: new IngestData(folder, health, file, Math.min(flushedBytes, sizeBytes)), sizeBytes };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Writes the chunk at `offset`. Also throws the error of a background flush that an earlier write started. */
  async write(chunk: Uint8Array, offset: number): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await this.#file.write(chunk, done, chunk.length - done, offset + done);
      done += bytesWritten;
    }
    this.#flushBehind(offset + chunk.length);
    this.#checkFlushed();
  }

  async truncate(offset: number): Promise<void> {
    await this.#flushing;
    this.#flushedBytes = Math.min(offset, this.#flushedBytes);
    this.#folder.recordFlushed(this.#flushedBytes);
    await this.#file.truncate(offset);
  }

  /** Hashes the first `endBytes` bytes of the file: the state of a hash cannot be stored across processes. */
  async hash(algorithm: DigestAlgorithm, endBytes: number, { signal }: AbortOptions): Promise<RunningDigest> {
    const running = new RunningDigest(algorithm);
    const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, endBytes));
    while (running.sizeBytes < endBytes) {
      signal?.throwIfAborted();
      const length = Math.min(chunk.length, endBytes - running.sizeBytes);
      const { bytesRead } = await this.#file.read(chunk, 0, length, running.sizeBytes);
      invariant(bytesRead > 0, `${this.#folder.dataPath} shrank while it was held`);
      running.update(chunk.subarray(0, bytesRead));
    }
    return running;
  }

  /** Resolves once all bytes are on the disk. Throws ERR_BLOB_FLUSH_FAILED, ENOSPC. */
  async flush(sizeBytes: number): Promise<void> {
    await this.#flushing;
    this.#checkFlushed();
    await this.#flush(sizeBytes);
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.#file.close();
  }

  #flushBehind(sizeBytes: number): void {
    if (this.#flushing || sizeBytes - this.#flushedBytes < flushEveryBytes) return;
    this.#flushing = this.#flush(sizeBytes)
      .catch((error: unknown) => {
        this.#flushFailure ??= { error };
      })
      .finally(() => {
        this.#flushing = undefined;
      });
  }

  async #flush(sizeBytes: number): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      // The page cache still holds all bytes, so a resumed ingest would read them as if they were on the disk.
      this.#folder.recordLost(this.#flushedBytes);
      if (isDiskFull(error)) throw error;
      this.#health.markDegraded(this.#folder.dataPath, error);
      throw flushFailed(this.#folder.dataPath, error);
    }
    this.#flushedBytes = sizeBytes;
    this.#folder.recordFlushed(sizeBytes);
  }

  // The kernel reports a lost write once, so a later, successful flush proves nothing.
  #checkFlushed(): void {
    if (this.#flushFailure) throw this.#flushFailure.error;
  }
}
