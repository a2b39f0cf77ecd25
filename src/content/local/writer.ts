import { constants, lstatSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { invariant } from '../../lib/invariant.ts';
import { type DigestAlgorithm, digestAlgorithm, parseDigest } from '../../spec/digest.ts';
import type { ObjectLocks } from '../object-locks.ts';
import type { BlobWriter, CommitOptions, CommittedBlob, ExpectedBlob, StoredBlob, WriterOptions } from '../types.ts';
import { checkComplete, checkNotBeyond, RunningDigest } from '../verified.ts';
import { diskFailure, isDiskFull } from './disk-failure.ts';
import { flushFailed, isFatal } from './failures.ts';
import type { StoreHealth } from './health.ts';
import type { IngestFolder } from './ingest.ts';
import type { ContentLayout } from './layout.ts';

/** The durable order of a commit; a test may stop the process before each step. */
export type CommitStep =
  | 'write'
  | 'flush'
  | 'verify'
  | 'before-publish'
  | 'rename'
  | 'flush-directory'
  | 'clean-up'
  | 'acknowledge';

export interface WriterHome {
  readonly layout: ContentLayout;
  readonly locks: ObjectLocks;
  readonly health: StoreHealth;
  readonly onStep: ((step: CommitStep) => void) | undefined;
}

// A power cut costs at most this much of a download; flushing on the way also keeps the flush at the end short.
const flushEveryBytes = 64 << 20;

/** Resumes what the folder holds. The writer owns the folder from here on, also when this rejects. */
export async function openWriter(home: WriterHome, ingest: IngestFolder, options: WriterOptions): Promise<BlobWriter> {
  try {
    const running = new RunningDigest(options.expected ? digestAlgorithm(options.expected.digest) : 'sha256');
    const offset = await ingest.resume(running, options);
    const writer = new LocalWriter(home, ingest, options, running);
    if (options.expected?.sizeBytes !== undefined && offset > options.expected.sizeBytes) await writer.truncate(0);
    return writer;
  } catch (error) {
    await ingest.release();
    throw diskFailure(error, home.layout.directory);
  }
}

class LocalWriter implements BlobWriter {
  readonly #home: WriterHome;
  readonly #ingest: IngestFolder;
  readonly #expected: ExpectedBlob | undefined;
  readonly #signal: AbortSignal | undefined;
  #running: RunningDigest;
  #offset: number;
  #flushedBytes: number;
  #flushing: Promise<void> | undefined;
  #flushFailure: { readonly error: unknown } | undefined;
  #open = true;

  constructor(home: WriterHome, ingest: IngestFolder, { expected, signal }: WriterOptions, running: RunningDigest) {
    this.#home = home;
    this.#ingest = ingest;
    this.#expected = expected;
    this.#signal = signal;
    this.#running = running;
    this.#offset = running.sizeBytes;
    this.#flushedBytes = this.#offset;
  }

  get offset(): number {
    return this.#offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#ready();
    await this.#orDiscard(async () => {
      if (this.#expected) checkNotBeyond(this.#expected, this.#offset + chunk.length);
      this.#step('write');
      const { data } = this.#ingest;
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await data.write(chunk, done, chunk.length - done, this.#offset + done);
        done += bytesWritten;
      }
      this.#running.update(chunk);
      this.#offset += chunk.length;
      this.#flushOnTheWay();
      if (this.#flushFailure) throw this.#flushFailure.error;
    });
  }

  /**
   * | step | a crash before it leaves |
   * |---|---|
   * | 1 `write` the data into the ingest | nothing, or an ingest that can be resumed |
   * | 2 `flush` the data | the same; a power cut may take the end of it, never more than was not flushed |
   * | 3 `verify` size and digest | the same |
   * | 4 `before-publish`: the caller pins | a complete ingest that can be resumed |
   * | 5 `rename` it to its digest, under the object's lock | the same, pinned by a lease that is dead now |
   * | 6 `flush-directory` | the whole blob, or after a power cut the ingest: the data was on disk before the name |
   * | 7 `clean-up` the ingest | the whole, durable blob, and an ingest without data |
   * | 8 `acknowledge`; the caller's metadata transaction follows | a blob that no row names: an orphan, collected |
   */
  async commit(options: CommitOptions = {}): Promise<CommittedBlob> {
    this.#ready();
    const { expected = this.#expected, beforePublish } = options;
    const signal = anyOf(options.signal, this.#signal);
    signal?.throwIfAborted();
    const algorithm = expected ? digestAlgorithm(parseDigest(expected.digest)) : this.#running.algorithm;

    this.#step('flush');
    await this.#orDiscard(() => this.#flush());
    const running =
      algorithm === this.#running.algorithm ? this.#running : await this.#hashed(algorithm, this.#offset, signal);
    const blob = { digest: running.digest(), sizeBytes: this.#offset };
    this.#step('verify');
    await this.#orDiscard(() => expected && checkComplete(expected, blob.sizeBytes, blob.digest));

    signal?.throwIfAborted();
    this.#step('before-publish');
    beforePublish?.(blob);
    const existed = await this.#orDiscard(() => this.#publish(blob, signal));
    this.#step('clean-up');
    await this.discard();
    this.#step('acknowledge');
    return { ...blob, existed };
  }

  async truncate(offset: number): Promise<void> {
    this.#ready();
    invariant(offset >= 0 && offset <= this.#offset, `truncate to ${offset} of ${this.#offset} bytes`);
    await this.#flushing;
    await this.#orDiscard(async () => {
      this.#flushedBytes = Math.min(offset, this.#flushedBytes);
      this.#ingest.recordFlushed(this.#flushedBytes);
      await this.#ingest.data.truncate(offset);
      this.#running = await this.#hashed(this.#running.algorithm, offset, this.#signal);
      this.#offset = offset;
    });
  }

  async discard(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#flushing;
    await this.#ingest.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#offset === 0) return this.discard();
    if (!this.#open) return;
    this.#open = false;
    await this.#flushing;
    await this.#ingest.release();
  }

  #ready(): void {
    invariant(this.#open, 'the writer is closed');
    this.#signal?.throwIfAborted();
  }

  #step(step: CommitStep): void {
    this.#home.onStep?.(step);
  }

  /** Wrong bytes, a full disk and a failed flush are thrown away at once; after other failures a retry may succeed. */
  async #orDiscard<T>(body: () => T | Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      const failure = diskFailure(error, this.#home.layout.directory);
      if (isDiskFull(error) || isFatal(failure)) await this.discard();
      throw failure;
    }
  }

  #flushOnTheWay(): void {
    const upTo = this.#offset;
    if (this.#flushing || upTo - this.#flushedBytes < flushEveryBytes) return;
    this.#flushing = this.#flushData(upTo)
      .catch((error: unknown) => {
        this.#flushFailure ??= { error };
      })
      .finally(() => {
        this.#flushing = undefined;
      });
  }

  async #flushData(upTo: number): Promise<void> {
    try {
      await this.#ingest.data.datasync();
    } catch (error) {
      if (isDiskFull(error)) throw error;
      this.#home.health.markDegraded(this.#ingest.dataPath, error);
      throw flushFailed(this.#ingest.dataPath, error);
    }
    this.#flushedBytes = upTo;
    this.#ingest.recordFlushed(upTo);
  }

  async #flush(): Promise<void> {
    await this.#flushing;
    // The kernel reports a lost write once: a later, successful flush would prove nothing.
    if (this.#flushFailure) throw this.#flushFailure.error;
    await this.#flushData(this.#offset);
  }

  async #hashed(algorithm: DigestAlgorithm, endBytes: number, signal: AbortSignal | undefined): Promise<RunningDigest> {
    const running = new RunningDigest(algorithm);
    await this.#ingest.rehash(running, endBytes, { signal });
    return running;
  }

  async #publish({ digest, sizeBytes }: StoredBlob, signal: AbortSignal | undefined): Promise<boolean> {
    const path = this.#home.layout.blob(digest);
    const directory = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const existed = await this.#home.locks.with(
        'blob',
        digest,
        () => {
          // A file of another length is damaged: the good one takes its place.
          if (lstatSync(path, { throwIfNoEntry: false })?.size === sizeBytes) return true;
          this.#step('rename');
          renameSync(this.#ingest.dataPath, path);
          return false;
        },
        { signal },
      );
      this.#step('flush-directory');
      // Also when it existed: its writer may not have come this far, and we are about to acknowledge it.
      await directory.sync().catch((error: unknown) => {
        this.#home.health.markDegraded(dirname(path), error);
        if (!existed) rmSync(path, { force: true });
        throw flushFailed(path, error);
      });
      return existed;
    } finally {
      await directory.close();
    }
  }
}

const anyOf = (a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined =>
  a && b ? AbortSignal.any([a, b]) : (a ?? b);
