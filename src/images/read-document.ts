import type { BlobProvider } from '../content/types.ts';
import { digestOf } from '../content/verify.ts';
import { StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { type ImageConfig, parseImageConfig } from '../spec/config.ts';
import { type Digest, digestAlgorithm } from '../spec/digest.ts';
import { maxConfigBytes } from '../spec/limits.ts';

/**
 * Reads a small document whole and verifies its digest: bytes on disk are never trusted as metadata. Throws
 * ERR_BLOB_NOT_FOUND, ERR_BLOB_DAMAGED (corrupt).
 */
export async function readDocument(
  content: BlobProvider,
  digest: Digest,
  maxBytes: number,
  options: AbortOptions = {},
): Promise<Uint8Array> {
  await using reader = await content.open(digest, options);
  const bytes = new Uint8Array(Math.min(reader.sizeBytes, maxBytes + 1));
  const length = await reader.read(bytes, 0);
  if (length > maxBytes || length !== reader.sizeBytes || digestOf(bytes, digestAlgorithm(digest)) !== digest) {
    throw new StrataError({
      code: 'ERR_BLOB_DAMAGED',
      message: `blob ${digest}: its bytes are not what its digest says`,
      hint: 'Load or build again the image that uses it, which replaces it.',
    });
  }
  return bytes;
}

/** Reads an image's config, by image ID. */
export const readConfig = async (content: BlobProvider, id: Digest, options: AbortOptions = {}): Promise<ImageConfig> =>
  parseImageConfig(await readDocument(content, id, maxConfigBytes, options)).value;
