import { hashBlob } from '../content/hash-blob.ts';
import type { ContentStore } from '../content/types.ts';
import { isKind } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Digest } from '../spec/digest.ts';
import { readFault } from '../sys/read-fault.ts';

/**
 * Whether the store has the blob and its bytes are what its digest says; pins it as `info` does. Reads all of it, so that
 * loading an image again replaces what was damaged.
 */
export async function standsWhole(content: ContentStore, digest: Digest, options: AbortOptions): Promise<boolean> {
  if ((await content.info(digest, options)) === undefined) return false;
  try {
    return (await hashBlob(content, digest, options)) === digest;
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'corrupt')) return false;
    readFault(error);
    return false;
  }
}
