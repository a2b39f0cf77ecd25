import { SpoolFile } from '../content/spool-file.ts';
import { StrataError } from '../errors/index.ts';
import { type AbortOptions, unlessAborted } from '../lib/abort.ts';
import { Growth } from '../lib/growth.ts';
import type { DiffId, Digest } from '../spec/digest.ts';
import type { Coming, LayerSource } from './types.ts';

export interface ReceiveOptions extends AbortOptions {
  /** Where the blob goes; the file is made, and the caller's to remove. */
  readonly path: string;
  /** What is known of the blob: unpacking it checks both digests, so that writing it need not hash. */
  readonly sizeBytes: number;
  readonly digest?: Digest | undefined;
  readonly diffId?: DiffId | undefined;
}

/**
 * Writes a stream into a file and returns at once a layer that is unpacked while it comes. What the stream throws, and
 * the signal's reason, are `coming.written`'s rejection, for which unpacking waits; so are ERR_NO_SPACE, and
 * ERR_BLOB_SIZE_MISMATCH when the stream ends before `sizeBytes` have come, or as soon as more have.
 */
export function receiveBlob(
  stream: AsyncIterable<Uint8Array>,
  { path, sizeBytes, digest, diffId, signal }: ReceiveOptions,
): LayerSource & { readonly coming: Coming } {
  const growth = new Growth();
  const written = write(stream, growth, { path, sizeBytes, signal });
  written.catch(() => undefined);
  return { blobPath: path, sizeBytes, digest, diffId, coming: { growth, written } };
}

async function write(
  stream: AsyncIterable<Uint8Array>,
  growth: Growth,
  { path, sizeBytes, signal }: Pick<ReceiveOptions, 'path' | 'sizeBytes' | 'signal'>,
): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    await using file = await SpoolFile.create(path);
    for (;;) {
      const next = await unlessAborted(iterator.next(), { signal });
      if (next.done === true) break;
      const chunk = next.value;
      if (file.sizeBytes + chunk.length > sizeBytes) throw sizeMismatch(`more than ${sizeBytes} bytes`);
      await file.append(chunk);
      growth.reach(file.sizeBytes);
    }
    if (file.sizeBytes < sizeBytes) throw sizeMismatch(`${file.sizeBytes} of ${sizeBytes} bytes`);
    growth.end();
  } catch (error) {
    growth.fail();
    // Nobody waits for it: a stream that stands still does not end before its next piece.
    iterator.return?.()?.catch(() => undefined);
    throw error;
  }
}

const sizeMismatch = (received: string): StrataError =>
  new StrataError({
    code: 'ERR_BLOB_SIZE_MISMATCH',
    message: `layer blob: received ${received}`,
    hint: 'The transfer was cut short or the source gives a wrong size: try again, and mistrust it if it happens again.',
  });
