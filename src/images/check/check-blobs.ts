import { createHash } from 'node:crypto';
import type { BlobProvider } from '../../content/types.ts';
import { isStrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Blobs } from '../../metadata/blobs.ts';
import { type Digest, digestAlgorithm } from '../../spec/digest.ts';
import { readFault } from './read-fault.ts';
import type { Damage, Report } from './types.ts';

/** Reads every recorded blob whole and hashes it again. */
export async function checkBlobs(
  blobs: Pick<Blobs, 'list' | 'get'>,
  content: BlobProvider,
  report: Report,
  options: AbortOptions,
): Promise<Damage[]> {
  const found: Damage[] = [];
  for (const { digest, sizeBytes } of blobs.list()) {
    const problem = await problemOf(content, digest, sizeBytes, options);
    // Another process may have removed it meanwhile.
    const damaged = problem !== undefined && blobs.get(digest) !== undefined;
    if (damaged) found.push({ kind: 'blob', key: digest, problem });
    report({ kind: 'blob', key: digest, damaged });
  }
  return found;
}

async function problemOf(
  content: BlobProvider,
  digest: Digest,
  sizeBytes: number,
  options: AbortOptions,
): Promise<string | undefined> {
  try {
    await using reader = await content.open(digest, { ...options, sizeBytes });
    const hash = createHash(digestAlgorithm(digest));
    for await (const chunk of reader.stream(options)) hash.update(chunk);
    const actual = `${digestAlgorithm(digest)}:${hash.digest('hex')}`;
    return actual === digest ? undefined : `its bytes have the digest ${actual}`;
  } catch (error) {
    if (isStrataError(error, 'ERR_BLOB_NOT_FOUND')) return 'is missing';
    if (isStrataError(error, 'ERR_BLOB_DAMAGED')) return 'is not as long as it was';
    // It is what a check is asked for: the others are looked at all the same.
    return readFault(error);
  }
}
