import { StrataError } from '../errors/index.ts';
import { type AbortOptions, unlessAborted } from '../lib/abort.ts';
import { Growth } from '../lib/growth.ts';
import type { DiffId, Digest } from '../spec/digest.ts';
import type { LayerSource, StreamingBlob } from './types.ts';

/** What takes the bytes of a blob, one piece after the other, into a file. Disposed when all are in it. */
export interface BlobFile extends AsyncDisposable {
  /** So many are in it. */
  readonly sizeBytes: number;
  append(piece: Uint8Array): Promise<void>;
}

/** A file that holds nothing of a blob yet or its beginning, and a stream of what lacks. */
export interface Reception {
  readonly file: BlobFile;
  readonly rest: AsyncIterable<Uint8Array>;
}

export interface ReceiveOptions extends AbortOptions {
  /** Where the file is. */
  readonly path: string;
  /** What is known of the blob: unpacking it checks both digests, so that writing it need not hash. */
  readonly sizeBytes: number;
  readonly digest?: Digest | undefined;
  readonly diffId?: DiffId | undefined;
}

/**
 * Writes a blob into the file that `begin` opens, and returns at once a layer that is unpacked while it comes. What `begin` and
 * the stream throw, and the signal's reason, are `streaming.written`'s rejection, for which unpacking waits; so are
 * ERR_NO_SPACE, and ERR_BLOB_SIZE_MISMATCH when the stream ends before `sizeBytes` are there, or as soon as there are more.
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
    for await (const piece of untilAborted(rest, { signal })) {
      if (file.sizeBytes + piece.length > sizeBytes) throw sizeMismatch(`more than ${sizeBytes} bytes`);
      await file.append(piece);
      growth.reach(file.sizeBytes);
    }
    if (file.sizeBytes < sizeBytes) throw sizeMismatch(`${file.sizeBytes} of ${sizeBytes} bytes`);
    growth.end();
  } catch (error) {
    growth.fail();
    throw error;
  }
}

/** Nobody waits for the end of a stream that stands still: it does not come before its next piece. */
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
    hint: 'The transfer was cut short or the source gives a wrong size: try again, and mistrust it if it happens again.',
  });
