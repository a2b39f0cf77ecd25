import { type Digest, digestAlgorithm } from '../spec/digest.ts';
import type { BlobProvider, OpenOptions } from './types.ts';
import { RunningDigest } from './verify.ts';

/**
 * Reads a stored blob and returns the digest of its bytes, which differs from `digest` when they are damaged.
 * @throws what opening and reading it throw
 */
export async function hashBlob(content: BlobProvider, digest: Digest, options: OpenOptions = {}): Promise<Digest> {
  await using reader = await content.open(digest, options);
  const running = new RunningDigest(digestAlgorithm(digest));
  for await (const chunk of reader.stream(options)) running.update(chunk);
  return running.digest();
}
