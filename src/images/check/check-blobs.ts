import { hashBlob } from '../../content/hash-blob.ts';
import type { BlobProvider } from '../../content/types.ts';
import { isStrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Reporter } from '../../lib/work-control.ts';
import type { Blobs } from '../../metadata/blobs.ts';
import type { Digest } from '../../spec/digest.ts';
import { describeReadFault } from '../../sys/describe-read-fault.ts';
import { confirm } from './confirm.ts';
import type { Checked, Damage, Hold } from './types.ts';

export interface BlobCheckInput {
  readonly blobs: Pick<Blobs, 'list'>;
  readonly content: BlobProvider;
  readonly hold: Hold;
}

/** Reads every recorded blob whole and hashes it again. */
export async function checkBlobs(
  { blobs, content, hold }: BlobCheckInput,
  report: Reporter<Checked>,
  options: AbortOptions,
): Promise<Damage[]> {
  const found: Damage[] = [];
  for (const { digest, sizeBytes } of blobs.list()) {
    const blob = { kind: 'blob', key: digest } as const;
    const problems = await confirm(blob, hold, () => problemsOf(content, digest, sizeBytes, options));
    found.push(...problems.map((problem) => ({ ...blob, problem })));
    report({ ...blob, damaged: problems.length > 0 });
  }
  return found;
}

async function problemsOf(
  content: BlobProvider,
  digest: Digest,
  sizeBytes: number,
  options: AbortOptions,
): Promise<string[]> {
  try {
    const actual = await hashBlob(content, digest, { ...options, sizeBytes });
    return actual === digest ? [] : [`its bytes have the digest ${actual}`];
  } catch (error) {
    if (isStrataError(error, 'ERR_BLOB_NOT_FOUND')) return ['is missing'];
    if (isStrataError(error, 'ERR_BLOB_DAMAGED')) return ['has another length than recorded'];
    // Unreadable files are what a check looks for: it goes on with the other blobs.
    return [describeReadFault(error)];
  }
}
