import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { AbortOptions } from '../../lib/abort.ts';
import { type Digest, imageAlgorithms, isDigest, parseDigest } from '../../spec/digest.ts';
import { pause } from '../../sys/pause.ts';
import { diskFailure } from '../disk-failure.ts';
import { ingestBusy } from '../failures.ts';
import { ObjectLocks } from '../object-locks.ts';
import { moveToTrash } from '../trash.ts';
import type {
  BlobInfo,
  BlobReader,
  BlobWriter,
  ContentStore,
  DeleteOptions,
  OpenOptions,
  WriterOptions,
} from '../types.ts';
import { StoreHealth } from './health.ts';
import { dataPathOf, IngestFolder } from './ingest.ts';
import { ContentLayout } from './layout.ts';
import { isImpossibleSize, openBlob } from './open-blob.ts';
import { type CommitStep, openWriter } from './writer.ts';

// Garbage collection locks an ingest for a moment to test whether a writer holds it, so a busy ingest is tried again.
const holdAttempts = 20;
const holdPauseMs = 10;

export interface LocalContentOptions {
  /** The content folder, absolute; its parent exists. */
  readonly directory: string;
  readonly locks: ObjectLocks;
  /** An existing folder on the same filesystem, emptied by garbage collection. */
  readonly trashDirectory: string;
  /** Called before each step of a commit; for tests that stop the process there. */
  readonly onStep?: ((step: CommitStep) => void) | undefined;
}

/**
 * Blobs as files, `blobs/<algorithm>/<hex>` as in an OCI layout, and unfinished ones under `ingest/`. Any number of
 * processes may use the same folder at once.
 */
export class LocalContentStore implements ContentStore {
  readonly health: StoreHealth;
  readonly #layout: ContentLayout;
  readonly #locks: ObjectLocks;
  readonly #trash: string;
  readonly #onStep: (step: CommitStep) => void;

  private constructor({ directory, locks, trashDirectory, onStep }: LocalContentOptions) {
    this.#layout = new ContentLayout(directory);
    this.#locks = locks;
    this.#trash = trashDirectory;
    this.#onStep = onStep ?? (() => undefined);
    this.health = new StoreHealth(directory);
  }

  /** Opens a folder and creates nothing; call {@link prepare} before the first write. */
  static openForReading(options: LocalContentOptions): LocalContentStore {
    return new LocalContentStore(options);
  }

  /** Opens a folder for reading and writing, and creates it and its locks. Throws ERR_NO_SPACE, SyscallError. */
  static open(options: LocalContentOptions): LocalContentStore {
    const store = new LocalContentStore(options);
    store.prepare();
    return store;
  }

  /** Creates the missing folders and locks. Idempotent. Throws ERR_NO_SPACE, SyscallError. */
  prepare(): void {
    this.#locks.prepare();
    try {
      this.#layout.create();
    } catch (error) {
      throw diskFailure(error, this.#layout.directory);
    }
  }

  /** Returns the path that a blob's file has or would have, for readers that need a file. */
  path(digest: Digest): string {
    return this.#layout.blob(digest);
  }

  async open(digest: Digest, options: OpenOptions = {}): Promise<BlobReader> {
    return await openBlob(this.#layout.blob(digest), digest, options);
  }

  async writer(ref: string, options: WriterOptions = {}): Promise<BlobWriter> {
    options.signal?.throwIfAborted();
    if (options.expected) parseDigest(options.expected.digest);
    const ingest = await this.#hold(ref, options);
    return await openWriter(
      { layout: this.#layout, locks: this.#locks, health: this.health, onStep: this.#onStep },
      ingest,
      options,
    );
  }

  async #hold(ref: string, { signal }: AbortOptions): Promise<IngestFolder> {
    for (let attempt = 0; attempt < holdAttempts; attempt++) {
      if (attempt > 0) await pause(holdPauseMs, { signal });
      let ingest: IngestFolder | undefined;
      try {
        ingest = IngestFolder.hold(this.#layout.ingest(ref), ref);
      } catch (error) {
        throw diskFailure(error, this.#layout.directory);
      }
      if (ingest) return ingest;
    }
    throw ingestBusy(ref);
  }

  async info(digest: Digest, { signal }: AbortOptions = {}): Promise<BlobInfo | undefined> {
    signal?.throwIfAborted();
    const found = lstatSync(this.#layout.blob(digest), { throwIfNoEntry: false });
    if (!found?.isFile() || isImpossibleSize(digest, found.size)) return undefined;
    return { digest, sizeBytes: found.size, modifiedAt: found.mtime };
  }

  /**
   * Lists every blob's file, including those that `info` and `open` would report as damaged. Other names are skipped.
   */
  async *list({ signal }: AbortOptions = {}): AsyncGenerator<BlobInfo, void, undefined> {
    signal?.throwIfAborted();
    for (const algorithm of imageAlgorithms) {
      const directory = this.#layout.blobs(algorithm);
      if (!existsSync(directory)) continue;
      for (const name of readdirSync(directory).sort()) {
        const digest = `${algorithm}:${name}`;
        if (!isDigest(digest)) continue;
        const found = lstatSync(join(directory, name), { throwIfNoEntry: false });
        if (!found?.isFile()) continue;
        yield { digest, sizeBytes: found.size, modifiedAt: found.mtime };
        signal?.throwIfAborted();
      }
    }
  }

  async delete(digest: Digest, { signal, unless }: DeleteOptions = {}): Promise<boolean> {
    const path = this.#layout.blob(digest);
    signal?.throwIfAborted();
    return await this.#locks.with(
      'blob',
      digest,
      () => {
        if (lstatSync(path, { throwIfNoEntry: false }) === undefined || unless?.() === true) return false;
        return moveToTrash(path, this.#trash, 'blob');
      },
      { signal },
    );
  }

  /** Returns the name of the folder of the ingest `ref`. */
  ingestName(ref: string): string {
    return basename(this.#layout.ingest(ref));
  }

  /** Returns the path of the bytes of the ingest `ref`, for readers that need a file; valid until commit or discard. */
  ingestPath(ref: string): string {
    return dataPathOf(this.#layout.ingest(ref));
  }

  /** Returns the allocated bytes of every ingest, by {@link ingestName}; empty for a store that does not exist yet. */
  ingestSizes(): Map<string, number> {
    const names = existsSync(this.#layout.ingests) ? readdirSync(this.#layout.ingests) : [];
    return new Map(names.map((name) => [name, allocatedBytes(dataPathOf(join(this.#layout.ingests, name)))]));
  }

  /**
   * Removes the ingests that no writer has open, except those for which `isKept` returns true. It is called with the
   * {@link ingestName} while the ingest is locked. Returns how many were removed. Idempotent.
   */
  async removeIdleIngests(isKept: (name: string) => boolean, { signal }: AbortOptions = {}): Promise<number> {
    let removed = 0;
    for (const { name } of readdirSync(this.#layout.ingests, { withFileTypes: true }).filter((e) => e.isDirectory())) {
      signal?.throwIfAborted();
      const ingest = IngestFolder.holdExisting(join(this.#layout.ingests, name));
      if (ingest === undefined || ingest === 'missing') continue;
      try {
        if (isKept(name)) continue;
        ingest.remove();
        removed++;
      } finally {
        ingest.release();
      }
    }
    return removed;
  }

  /** True while a writer has the ingest `ref` open, in this process or another. */
  isBeingWritten(ref: string): boolean {
    const ingest = IngestFolder.holdExisting(this.#layout.ingest(ref));
    if (ingest !== undefined && ingest !== 'missing') ingest.release();
    return ingest === undefined;
  }

  async discardIngest(ref: string, forget: () => Promise<boolean>): Promise<boolean> {
    const ingest = IngestFolder.holdExisting(this.#layout.ingest(ref));
    if (ingest === undefined) return false;
    if (ingest === 'missing') return await forget();
    try {
      if (!(await forget())) return false;
      ingest.remove();
      return true;
    } finally {
      ingest.release();
    }
  }
}

const blockBytes = 512;

const allocatedBytes = (path: string): number => (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * blockBytes;
