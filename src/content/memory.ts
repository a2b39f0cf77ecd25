import type { AbortOptions } from '../lib/abort.ts';
import { concatBytes } from '../lib/bytes.ts';
import { invariant } from '../lib/invariant.ts';
import { type Digest, digestAlgorithm, parseDigest } from '../spec/digest.ts';
import { blobDamaged, blobNotFound, ingestBusy } from './failures.ts';
import type {
  BlobInfo,
  BlobReader,
  BlobWriter,
  CommitBlobOptions,
  CommittedBlob,
  ContentStore,
  DeleteOptions,
  ExpectedBlob,
  OpenOptions,
  WriterOptions,
} from './types.ts';
import { checkComplete, checkNotTooLong, digestOf } from './verify.ts';

interface Ingest {
  bytes: Uint8Array;
  busy: boolean;
}

interface MemoryBlob {
  readonly bytes: Uint8Array;
  readonly modifiedAt: Date;
}

const chunkBytes = 1 << 20;

/** A content store without files, for tests and for images that only pass through. Nothing outlives the object. */
export class MemoryContentStore implements ContentStore {
  readonly #blobs = new Map<Digest, MemoryBlob>();
  readonly #ingests = new Map<string, Ingest>();

  async open(digest: Digest, { signal, sizeBytes }: OpenOptions = {}): Promise<BlobReader> {
    signal?.throwIfAborted();
    const blob = this.#blobs.get(parseDigest(digest));
    if (!blob) throw blobNotFound(digest);
    if (sizeBytes !== undefined && sizeBytes !== blob.bytes.length) {
      throw blobDamaged(digest, blob.bytes.length, sizeBytes);
    }
    return new MemoryReader(digest, blob.bytes);
  }

  async writer(ref: string, { signal, expected }: WriterOptions = {}): Promise<BlobWriter> {
    signal?.throwIfAborted();
    if (expected) parseDigest(expected.digest);
    const ingest = this.#ingests.get(ref) ?? { bytes: new Uint8Array(0), busy: false };
    if (ingest.busy) throw ingestBusy(ref);
    ingest.busy = true;
    if (expected?.sizeBytes !== undefined && ingest.bytes.length > expected.sizeBytes) {
      ingest.bytes = new Uint8Array(0);
    }
    this.#ingests.set(ref, ingest);
    return new MemoryWriter(ingest, expected, signal, {
      publish: (digest, bytes) => {
        const existed = this.#blobs.has(digest);
        if (!existed) this.#blobs.set(digest, { bytes, modifiedAt: new Date() });
        return existed;
      },
      forget: () => this.#ingests.delete(ref),
    });
  }

  async discardIngest(ref: string, forget: () => Promise<boolean>): Promise<boolean> {
    const ingest = this.#ingests.get(ref);
    if (ingest?.busy === true) return false;
    if (ingest === undefined) return await forget();
    ingest.busy = true;
    try {
      if (!(await forget())) return false;
      this.#ingests.delete(ref);
      return true;
    } finally {
      ingest.busy = false;
    }
  }

  async info(digest: Digest, { signal }: AbortOptions = {}): Promise<BlobInfo | undefined> {
    signal?.throwIfAborted();
    const blob = this.#blobs.get(parseDigest(digest));
    return blob && { digest, sizeBytes: blob.bytes.length, modifiedAt: blob.modifiedAt };
  }

  async *list({ signal }: AbortOptions = {}): AsyncGenerator<BlobInfo, void, undefined> {
    signal?.throwIfAborted();
    for (const [digest, { bytes, modifiedAt }] of this.#blobs) {
      yield { digest, sizeBytes: bytes.length, modifiedAt };
      signal?.throwIfAborted();
    }
  }

  async delete(digest: Digest, { signal, unless }: DeleteOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    if (!this.#blobs.has(parseDigest(digest)) || unless?.() === true) return false;
    return this.#blobs.delete(digest);
  }
}

class MemoryReader implements BlobReader {
  readonly digest: Digest;
  readonly #bytes: Uint8Array;

  constructor(digest: Digest, bytes: Uint8Array) {
    this.digest = digest;
    this.#bytes = bytes;
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const bytes = this.#bytes.subarray(position, position + target.length);
    target.set(bytes);
    return bytes.length;
  }

  async *stream({
    signal,
    start = 0,
    end = this.sizeBytes,
  }: AbortOptions & { start?: number; end?: number } = {}): AsyncGenerator<Uint8Array, void, undefined> {
    signal?.throwIfAborted();
    const stop = Math.min(end, this.sizeBytes);
    for (let position = start; position < stop; position += chunkBytes) {
      yield this.#bytes.slice(position, Math.min(position + chunkBytes, stop));
      signal?.throwIfAborted();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The parts of the store that a writer changes. */
interface MemoryWriterStore {
  readonly publish: (digest: Digest, bytes: Uint8Array) => boolean;
  readonly forget: () => void;
}

class MemoryWriter implements BlobWriter {
  readonly #ingest: Ingest;
  readonly #expected: ExpectedBlob | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #store: MemoryWriterStore;
  #parts: Uint8Array[];
  #offset: number;
  #open = true;

  constructor(
    ingest: Ingest,
    expected: ExpectedBlob | undefined,
    signal: AbortSignal | undefined,
    store: MemoryWriterStore,
  ) {
    this.#ingest = ingest;
    this.#expected = expected;
    this.#signal = signal;
    this.#store = store;
    this.#parts = [ingest.bytes];
    this.#offset = ingest.bytes.length;
  }

  get offset(): number {
    return this.#offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#checkReady();
    try {
      if (this.#expected) checkNotTooLong(this.#expected, this.#offset + chunk.length);
    } catch (error) {
      await this.discard();
      throw error;
    }
    this.#parts.push(chunk.slice());
    this.#offset += chunk.length;
  }

  async commit({ signal, expected = this.#expected, beforePublish }: CommitBlobOptions = {}): Promise<CommittedBlob> {
    this.#checkReady();
    signal?.throwIfAborted();
    const bytes = concatBytes(this.#parts);
    const digest = digestOf(bytes, expected && digestAlgorithm(parseDigest(expected.digest)));
    try {
      if (expected) checkComplete(expected, bytes.length, digest);
    } catch (error) {
      await this.discard();
      throw error;
    }
    await beforePublish?.({ digest, sizeBytes: bytes.length });
    const existed = this.#store.publish(digest, bytes);
    await this.discard();
    return { digest, sizeBytes: bytes.length, existed };
  }

  async truncate(offset: number): Promise<void> {
    this.#checkReady();
    invariant(offset >= 0 && offset <= this.#offset, `truncate to ${offset} of ${this.#offset} bytes`);
    this.#parts = [concatBytes(this.#parts).slice(0, offset)];
    this.#offset = offset;
  }

  async discard(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#ingest.busy = false;
    this.#store.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#ingest.bytes = concatBytes(this.#parts);
    this.#ingest.busy = false;
  }

  #checkReady(): void {
    invariant(this.#open, 'the writer is closed');
    this.#signal?.throwIfAborted();
  }
}
