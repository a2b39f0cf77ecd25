import { isStrataError } from '../../errors/index.ts';
import { invariant } from '../../lib/invariant.ts';
import { digestAlgorithm, parseDigest } from '../../spec/digest.ts';
import { diskFailure } from '../disk-failure.ts';
import { losesIngest } from '../failures.ts';
import type { ObjectLocks } from '../object-locks.ts';
import type { BlobWriter, CommitOptions, CommittedBlob, ExpectedBlob, WriterOptions } from '../types.ts';
import { checkComplete, checkNotBeyond, type RunningDigest } from '../verify.ts';
import type { StoreHealth } from './health.ts';
import type { IngestFolder } from './ingest.ts';
import { IngestData } from './ingest-data.ts';
import type { ContentLayout } from './layout.ts';
import { publishBlob } from './publish.ts';

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
  readonly onStep: (step: CommitStep) => void;
}

/** A writer on a folder that is held; takes up what is in it. The folder is let go when this rejects. */
export async function openWriter(home: WriterHome, folder: IngestFolder, options: WriterOptions): Promise<BlobWriter> {
  const { expected, signal } = options;
  let data: IngestData | undefined;
  try {
    const opened = await IngestData.open(folder, home.health);
    data = opened.data;
    let { sizeBytes } = opened;
    if (expected?.sizeBytes !== undefined && sizeBytes > expected.sizeBytes) {
      await data.truncate(0);
      sizeBytes = 0;
    }
    const running = await data.hash(expected ? digestAlgorithm(expected.digest) : 'sha256', sizeBytes, { signal });
    return new LocalWriter(home, folder, data, running, options);
  } catch (error) {
    const failure = diskFailure(error, home.layout.directory);
    await data?.close().catch(followsFromTheFirst);
    if (isStrataError(failure, 'ERR_NO_SPACE')) folder.remove();
    else folder.release();
    throw failure;
  }
}

class LocalWriter implements BlobWriter {
  readonly #home: WriterHome;
  readonly #folder: IngestFolder;
  readonly #data: IngestData;
  readonly #expected: ExpectedBlob | undefined;
  readonly #signal: AbortSignal | undefined;
  #running: RunningDigest;
  #open = true;

  constructor(
    home: WriterHome,
    folder: IngestFolder,
    data: IngestData,
    running: RunningDigest,
    { expected, signal }: WriterOptions,
  ) {
    this.#home = home;
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
    this.#ready();
    await this.#orDiscard(async () => {
      if (this.#expected) checkNotBeyond(this.#expected, this.offset + chunk.length);
      this.#home.onStep('write');
      await this.#data.write(chunk, this.offset);
      this.#running.update(chunk);
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
    const sizeBytes = this.offset;

    this.#home.onStep('flush');
    await this.#orDiscard(() => this.#data.flush(sizeBytes));

    const sameHash = algorithm === this.#running.algorithm;
    const running = sameHash ? this.#running : await this.#data.hash(algorithm, sizeBytes, { signal });
    const blob = { digest: running.digest(), sizeBytes };
    this.#home.onStep('verify');
    await this.#orDiscard(() => expected && checkComplete(expected, sizeBytes, blob.digest));

    signal?.throwIfAborted();
    this.#home.onStep('before-publish');
    await beforePublish?.(blob);

    const { layout, locks, health, onStep } = this.#home;
    const paths = { dataPath: this.#folder.dataPath, blobPath: layout.blob(blob.digest) };
    const existed = await this.#orDiscard(() => publishBlob({ blob, ...paths, locks, health, onStep, signal }));

    onStep('clean-up');
    await this.discard();
    onStep('acknowledge');
    return { ...blob, existed };
  }

  async truncate(offset: number): Promise<void> {
    this.#ready();
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

  #ready(): void {
    invariant(this.#open, 'the writer is closed');
    this.#signal?.throwIfAborted();
  }

  /** Wrong bytes, a full disk and a failed flush are thrown away at once; after other failures a retry may succeed. */
  async #orDiscard<T>(body: () => T | Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      // Before anything is removed: what ran out is told by what is free now.
      const failure = diskFailure(error, this.#home.layout.directory);
      if (losesIngest(failure)) await this.discard().catch(followsFromTheFirst);
      throw failure;
    }
  }
}

/** The first failure is the one to tell. */
const followsFromTheFirst = (): void => undefined;

const anyOf = (a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined =>
  a && b ? AbortSignal.any([a, b]) : (a ?? b);
