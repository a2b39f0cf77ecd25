import { open } from 'node:fs/promises';
import type { AbortOptions } from '../lib/abort.ts';
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
 * the signal's reason, are `coming.written`'s rejection, for which unpacking waits.
 */
export function receiveBlob(
  stream: AsyncIterable<Uint8Array>,
  { path, sizeBytes, digest, diffId, signal }: ReceiveOptions,
): LayerSource & { readonly coming: Coming } {
  const growth = new Growth();
  const written = write(stream, path, growth, { signal });
  written.catch(() => undefined);
  return { blobPath: path, sizeBytes, digest, diffId, coming: { growth, written } };
}

async function write(
  stream: AsyncIterable<Uint8Array>,
  path: string,
  growth: Growth,
  { signal }: AbortOptions,
): Promise<void> {
  try {
    await using file = await open(path, 'w', 0o600);
    let written = 0;
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
      written += chunk.length;
      growth.reach(written);
    }
    growth.end();
  } catch (error) {
    growth.fail();
    throw error;
  }
}
