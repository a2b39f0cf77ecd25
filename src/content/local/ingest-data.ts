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

const pieceBytes = 1 << 20;
// A power cut costs at most this much of a download; flushing on the way also keeps the flush at the end short.
const flushEveryBytes = 64 << 20;

/** The `data` of an ingest: bytes that may be trusted, and which of them are on the disk. */
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
   * Opens the file and drops what cannot be trusted: in the boot that wrote them all bytes are there, also after a kill;
   * after another boot only what was flushed. Answers how many bytes that leaves.
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

  /** Throws what the flush behind an earlier write met, if it failed. */
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

  /** The state of a hash cannot be kept across processes: the bytes are read again. */
  async hash(algorithm: DigestAlgorithm, endBytes: number, { signal }: AbortOptions): Promise<RunningDigest> {
    const running = new RunningDigest(algorithm);
    const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, endBytes));
    while (running.sizeBytes < endBytes) {
      signal?.throwIfAborted();
      const length = Math.min(piece.length, endBytes - running.sizeBytes);
      const { bytesRead } = await this.#file.read(piece, 0, length, running.sizeBytes);
      invariant(bytesRead > 0, `${this.#folder.dataPath} shrank while it was held`);
      running.update(piece.subarray(0, bytesRead));
    }
    return running;
  }

  /** All bytes are on the disk when this resolves. Throws ERR_BLOB_FLUSH_FAILED, ENOSPC. */
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
      // Memory has it all and would answer for the disk to whoever takes the ingest up.
      this.#folder.recordLost(this.#flushedBytes);
      if (isDiskFull(error)) throw error;
      this.#health.markDegraded(this.#folder.dataPath, error);
      throw flushFailed(this.#folder.dataPath, error);
    }
    this.#flushedBytes = sizeBytes;
    this.#folder.recordFlushed(sizeBytes);
  }

  // The kernel reports a lost write once: a later, successful flush would prove nothing.
  #checkFlushed(): void {
    if (this.#flushFailure) throw this.#flushFailure.error;
  }
}
