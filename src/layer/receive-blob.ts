import { StrataError } from '../errors/index.ts';
import { type AbortOptions, unlessAborted } from '../lib/abort.ts';
import { Growth } from '../lib/growth.ts';
import type { DiffId, Digest } from '../spec/digest.ts';
import type { LayerSource, StreamingBlob } from './types.ts';

/** A file that a blob is appended to, chunk by chunk. Disposed when all of it is written. */
export interface BlobFile extends AsyncDisposable {
  /** Bytes written so far. */
  readonly sizeBytes: number;
  append(chunk: Uint8Array): Promise<void>;
}

/** A file that is empty or holds the beginning of a blob, and a stream of the missing rest. */
export interface Reception {
  readonly file: BlobFile;
  readonly rest: AsyncIterable<Uint8Array>;
}

export interface ReceiveOptions extends AbortOptions {
  /** Path of the file. */
  readonly path: string;
  /** The blob's size. Both digests are checked by unpacking, so that writing does not hash. */
  readonly sizeBytes: number;
  readonly digest?: Digest | undefined;
  readonly diffId?: DiffId | undefined;
}

/**
 * Writes a blob into the file that `begin` opens, and returns at once a layer that can be unpacked meanwhile. Unpacking
 * waits for `streaming.written`, which rejects with the error of `begin` or of the stream, with the signal's reason, with
 * ERR_NO_SPACE, and with ERR_BLOB_SIZE_MISMATCH when the stream has fewer or more than `sizeBytes`.
 */
export function receiveBlob(
  begin: () => Promise<Reception>,
  { path, sizeBytes, digest, diffId, signal }: ReceiveOptions,
): LayerSource & { readonly streaming: StreamingBlob } {
  const growth = new Growth();
  const written = write(begin, growth, { sizeBytes, signal });
  written.catch(() => undefined);
  return { blobPath: path, sizeBytes, digest, diffId, streaming: { growth, written } };
}

async function write(
  begin: () => Promise<Reception>,
  growth: Growth,
  { sizeBytes, signal }: Pick<ReceiveOptions, 'sizeBytes' | 'signal'>,
): Promise<void> {
  try {
    const { file, rest } = await begin();
    await using _file = file;
    growth.reach(file.sizeBytes);
    for await (const chunk of untilAborted(rest, { signal })) {
      if (file.sizeBytes + chunk.length > sizeBytes) throw sizeMismatch(`more than ${sizeBytes} bytes`);
      await file.append(chunk);
      growth.reach(file.sizeBytes);
    }
    if (file.sizeBytes < sizeBytes) throw sizeMismatch(`${file.sizeBytes} of ${sizeBytes} bytes`);
    growth.end();
  } catch (error) {
    growth.fail();
    throw error;
  }
}

/** Ends with an abort at once: a stream that has stalled would end only after its next chunk. */
async function* untilAborted(
  stream: AsyncIterable<Uint8Array>,
  options: AbortOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = stream[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await unlessAborted(iterator.next(), options);
      isOver = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (!isOver) iterator.return?.()?.catch(() => undefined);
  }
}

const sizeMismatch = (received: string): StrataError =>
  new StrataError({
    code: 'ERR_BLOB_SIZE_MISMATCH',
    message: `layer blob: received ${received}`,
    hint: 'The transfer was cut off, or the source states a wrong size: try again, and do not trust the source if it happens again.',
  });
