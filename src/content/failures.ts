import { isStrataError, StrataError } from '../errors/index.ts';
import type { Digest } from '../spec/digest.ts';

export const blobNotFound = (digest: Digest): StrataError =>
  new StrataError({
    code: 'ERR_BLOB_NOT_FOUND',
    message: `blob ${digest}: not found`,
    hint: 'Load or build again the image that uses it.',
    details: { digest },
  });

export const blobDamaged = (digest: Digest, foundBytes: number, expectedBytes: number | undefined): StrataError =>
  new StrataError({
    code: 'ERR_BLOB_DAMAGED',
    message: `blob ${digest}: has ${foundBytes} bytes${expectedBytes === undefined ? ', which cannot have that digest' : ` instead of ${expectedBytes}`}`,
    hint: 'A crash cut the file short, or it was changed by hand. Load or build again the image that uses it, which replaces the file.',
    details: { digest },
  });

export const ingestBusy = (ref: string): StrataError =>
  new StrataError({
    code: 'ERR_INGEST_BUSY',
    message: `ingest ${JSON.stringify(ref.length > 160 ? `${ref.slice(0, 160)}…` : ref)}: is being written by another process or operation`,
    hint: 'Wait for the other transfer of the same content to end, and try again.',
  });

/** True for a failure after which an ingest is removed: its bytes are wrong or may be, or they fill the disk. */
export const losesIngest = (error: unknown): boolean =>
  isStrataError(error, 'ERR_BLOB_FLUSH_FAILED') ||
  isStrataError(error, 'ERR_BLOB_SIZE_MISMATCH') ||
  isStrataError(error, 'ERR_BLOB_DIGEST_MISMATCH') ||
  isStrataError(error, 'ERR_NO_SPACE');
