import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { decompress } from '../../archive/compression/decompress.ts';
import { compressionProbeBytes, detectCompression } from '../../archive/compression/detect.ts';
import type { CompressionFormat } from '../../archive/compression/types.ts';
import { type AbortOptions, unlessAborted } from '../../lib/abort.ts';
import { type Digest, digestAlgorithm, digestFromHex } from '../../spec/digest.ts';
import { randomHex } from '../../sys/random-hex.ts';
import { writeWhole } from '../../sys/write-whole.ts';
import type { LayerSource } from '../types.ts';
import { digestMismatch } from './failures.ts';

/** A blob in a form that a worker can read. */
export interface ReadableBlob extends AsyncDisposable {
  readonly path: string;
  readonly offset: number | undefined;
  readonly sizeBytes: number;
  /** Digest and format of the original blob, when it had to be expanded first. */
  readonly expanded: { readonly digest: Digest; readonly compression: CompressionFormat } | undefined;
}

/**
 * Returns a blob as workers can read it. Only external programs decompress xz and bzip2, and not synchronously, so such a
 * blob is first expanded into a file beside `indexPath`, and its digest checked. Any other blob is read as it is.
 * @throws ERR_LAYER_DIGEST_MISMATCH, and the errors of decompression
 */
export async function openReadableBlob(
  source: LayerSource,
  indexPath: string,
  { signal }: AbortOptions,
): Promise<ReadableBlob> {
  const { blobPath, offset, sizeBytes: blobBytes } = source;
  // A worker is taken only once it has bytes to work on.
  await source.streaming?.growth.waitPast(compressionProbeBytes - 1, { signal });
  const compression = await compressionOf(source);
  if (compression !== 'xz' && compression !== 'bzip2') {
    return { path: blobPath, offset, sizeBytes: blobBytes, expanded: undefined, [Symbol.asyncDispose]: doNothing };
  }
  const path = `${indexPath}.${process.pid}-${randomHex(6)}.tar`;
  const remove = (): Promise<void> => rm(path, { force: true });
  try {
    if (source.streaming) await unlessAborted(source.streaming.written, { signal });
    const { digest, sizeBytes } = await expand(source, path, compression, { signal });
    return { path, offset: undefined, sizeBytes, expanded: { digest, compression }, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function doNothing(): Promise<void> {}

async function compressionOf({ blobPath, offset = 0, sizeBytes }: LayerSource): Promise<CompressionFormat> {
  await using file = await open(blobPath, 'r');
  const probeBytes = Math.min(compressionProbeBytes, sizeBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(compressionProbeBytes), 0, probeBytes, offset);
  return detectCompression(buffer.subarray(0, bytesRead));
}

async function expand(
  source: LayerSource,
  path: string,
  format: CompressionFormat,
  options: AbortOptions,
): Promise<{ digest: Digest; sizeBytes: number }> {
  const algorithm = source.digest === undefined ? 'sha256' : digestAlgorithm(source.digest);
  const hash = createHash(algorithm);
  async function* readAndHash(): AsyncGenerator<Uint8Array> {
    const { blobPath, offset, sizeBytes: blobBytes } = source;
    const range = offset === undefined ? {} : { start: offset, end: offset + blobBytes - 1 };
    for await (const chunk of createReadStream(blobPath, { ...range, highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  }
  await using file = await open(path, 'wx');
  let sizeBytes = 0;
  for await (const chunk of decompress(readAndHash(), { ...options, format })) {
    await writeWhole(file, chunk);
    sizeBytes += chunk.length;
  }
  const digest = digestFromHex(algorithm, hash.digest('hex'));
  if (source.digest !== undefined && source.digest !== digest) throw digestMismatch('blob', source.digest, digest);
  return { digest, sizeBytes };
}
