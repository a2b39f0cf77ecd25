import { isStrataError } from '../../errors/index.ts';
import { invariant } from '../../lib/invariant.ts';
import { digestAlgorithm, parseDigest } from '../../spec/digest.ts';
import { diskFailure } from '../disk-failure.ts';
import { losesIngest } from '../failures.ts';
import type { ObjectLocks } from '../object-locks.ts';
import type { BlobWriter, CommitBlobOptions, CommittedBlob, ExpectedBlob, WriterOptions } from '../types.ts';
import { checkComplete, checkNotTooLong, type RunningDigest } from '../verify.ts';
import type { StoreHealth } from './health.ts';
import type { IngestFolder } from './ingest.ts';
import { IngestData } from './ingest-data.ts';
import type { ContentLayout } from './layout.ts';
import { publishBlob } from './publish.ts';

/** Steps of a commit, in their durable order; a test may stop the process before each. */
export type CommitStep =
  | 'write'
  | 'flush'
  | 'verify'
  | 'before-publish'
  | 'rename'
  | 'flush-directory'
  | 'clean-up'
  | 'acknowledge';

/** The parts of the store that a writer uses. */
export interface WriterStore {
  readonly layout: ContentLayout;
  readonly locks: ObjectLocks;
  readonly health: StoreHealth;
  readonly onStep: (step: CommitStep) => void;
}

/** Opens a writer on a locked folder, which continues after the bytes in it. Releases the folder when it rejects. */
export async function openWriter(
  store: WriterStore,
  folder: IngestFolder,
  options: WriterOptions,
): Promise<BlobWriter> {
  const { expected, signal } = options;
  let data: IngestData | undefined;
  try {
    const opened = await IngestData.open(folder, store.health);
    data = opened.data;
    let { sizeBytes } = opened;
    if (expected?.sizeBytes !== undefined && sizeBytes > expected.sizeBytes) {
      await data.truncate(0);
      sizeBytes = 0;
    }
    const running = await data.hash(expected ? digestAlgorithm(expected.digest) : 'sha256', sizeBytes, { signal });
    return new LocalWriter(store, folder, data, running, options);
  } catch (error) {
    const failure = diskFailure(error, store.layout.directory);
    await data?.close().catch(ignoreFailure);
    if (isStrataError(failure, 'ERR_NO_SPACE')) folder.remove();
    else folder.release();
    throw failure;
  }
}

class LocalWriter implements BlobWriter {
  readonly #store: WriterStore;
  readonly #folder: IngestFolder;
  readonly #data: IngestData;
  readonly #expected: ExpectedBlob | undefined;
  readonly #signal: AbortSignal | undefined;
  #running: RunningDigest;
  #open = true;

  constructor(
    store: WriterStore,
    folder: IngestFolder,
    data: IngestData,
    running: RunningDigest,
    { expected, signal }: WriterOptions,
  ) {
    this.#store = store;
    this.#folder = folder;
    this.#data = data;
    this.#running = running;
    this.#expected = expected;
    this.#signal = signal;
  }

  get offset(): number {
    return this.#running.sizeBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#checkReady();
    await this.#orDiscard(async () => {
      if (this.#expected) checkNotTooLong(this.#expected, this.offset + chunk.length);
      this.#store.onStep('write');
      await this.#data.write(chunk, this.offset);
      this.#running.update(chunk);
    });
  }

  /**
   * | step | a crash before it leaves |
   * |---|---|
   * | 1 `write` the data into the ingest | nothing, or an ingest that can be resumed |
   * | 2 `flush` the data | the same; a power cut may take its unflushed end |
   * | 3 `verify` size and digest | the same |
   * | 4 `before-publish`: the caller pins | a complete ingest that can be resumed |
   * | 5 `rename` it to its digest, under the object's lock | the same, pinned by a dead lease |
   * | 6 `flush-directory` | the whole blob, or after a power cut the ingest: its data was flushed before the rename |
   * | 7 `clean-up` the ingest | the whole, durable blob, and an ingest without data |
   * | 8 `acknowledge`; the caller's metadata transaction follows | a blob that no row names: an orphan, collected later |
   */
  async commit(options: CommitBlobOptions = {}): Promise<CommittedBlob> {
    this.#checkReady();
    const { expected = this.#expected, beforePublish } = options;
    const signal = anyOf(options.signal, this.#signal);
    signal?.throwIfAborted();
    const algorithm = expected ? digestAlgorithm(parseDigest(expected.digest)) : this.#running.algorithm;
    const sizeBytes = this.offset;

    this.#store.onStep('flush');
    await this.#orDiscard(() => this.#data.flush(sizeBytes));

    const sameHash = algorithm === this.#running.algorithm;
    const running = sameHash ? this.#running : await this.#data.hash(algorithm, sizeBytes, { signal });
    const blob = { digest: running.digest(), sizeBytes };
    this.#store.onStep('verify');
    await this.#orDiscard(() => expected && checkComplete(expected, sizeBytes, blob.digest));

    signal?.throwIfAborted();
    this.#store.onStep('before-publish');
    await beforePublish?.(blob);

    const { layout, locks, health, onStep } = this.#store;
    const paths = { dataPath: this.#folder.dataPath, blobPath: layout.blob(blob.digest) };
    const existed = await this.#orDiscard(() => publishBlob({ blob, ...paths, locks, health, onStep, signal }));

    onStep('clean-up');
    await this.discard();
    onStep('acknowledge');
    return { ...blob, existed };
  }

  async truncate(offset: number): Promise<void> {
    this.#checkReady();
    invariant(offset >= 0 && offset <= this.offset, `truncate to ${offset} of ${this.offset} bytes`);
    await this.#orDiscard(async () => {
      const running = await this.#data.hash(this.#running.algorithm, offset, { signal: this.#signal });
      await this.#data.truncate(offset);
      this.#running = running;
    });
  }

  async discard(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#data.close();
    this.#folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.offset === 0) return this.discard();
    if (!this.#open) return;
    this.#open = false;
    await this.#data.close();
    this.#folder.release();
  }

  #checkReady(): void {
    invariant(this.#open, 'the writer is closed');
    this.#signal?.throwIfAborted();
  }

  /**
   * Runs `body`; removes the ingest after wrong bytes, a full disk or a failed flush. Other failures may be retried.
   */
  async #orDiscard<T>(body: () => T | Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      // Converted before the ingest is removed: the message depends on what is free now.
      const failure = diskFailure(error, this.#store.layout.directory);
      if (losesIngest(failure)) await this.discard().catch(ignoreFailure);
      throw failure;
    }
  }
}

/** Ignores a failure that follows from an earlier one, which is reported. */
const ignoreFailure = (): void => undefined;

const anyOf = (a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined =>
  a && b ? AbortSignal.any([a, b]) : (a ?? b);
