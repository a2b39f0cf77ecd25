import { hashBlob } from '../content/hash-blob.ts';
import type { ContentStore } from '../content/types.ts';
import { isKind } from '../errors/index.ts';
import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Digest } from '../spec/digest.ts';
import { describeReadFault } from '../sys/describe-read-fault.ts';

/**
 * Stores a blob unless an intact copy exists; durable once this resolves. Throws as the content store does, and what
 * `bytes` throw.
 */
export async function storeBlob(
  content: ContentStore,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected: { readonly digest: Digest; readonly sizeBytes?: number },
  { signal, lease }: AbortOptions & { readonly lease: Lease },
): Promise<void> {
  if (await isStoredIntact(content, expected.digest, { signal })) return;
  // The lease's ID in the name: two builds that end with the same image must not wait for each other.
  await using writer = await content.writer(`blob ${expected.digest} ${lease.id}`, { signal, expected });
  try {
    for await (const chunk of bytes) await writer.write(chunk);
    await writer.commit();
  } catch (error) {
    // No other process can resume it: the name contains this lease's ID.
    await writer.discard();
    throw error;
  }
}

/**
 * Returns true when the store has the blob and its bytes match the digest; pins it as `info` does. Reads all of it, so
 * that loading an image again replaces a damaged blob.
 */
async function isStoredIntact(content: ContentStore, digest: Digest, options: AbortOptions): Promise<boolean> {
  if ((await content.info(digest, options)) === undefined) return false;
  try {
    return (await hashBlob(content, digest, options)) === digest;
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'corrupt')) return false;
    describeReadFault(error);
    return false;
  }
}
