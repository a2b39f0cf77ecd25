import { isStrataError, StrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';

/** The disk did not take what the kernel had accepted. */
export const flushFailed = (path: string, cause: unknown): StrataError =>
  new StrataError({
    kind: 'internal',
    code: 'ERR_BLOB_FLUSH_FAILED',
    message: `blob data ${path}: could not be written to disk (${errnoOf(cause) ?? String(cause)})`,
    hint: 'The data was thrown away and the store is marked degraded: look at the kernel log (`dmesg`), then try again.',
    cause,
  });

const fatalCodes = ['ERR_BLOB_FLUSH_FAILED', 'ERR_BLOB_SIZE_MISMATCH', 'ERR_BLOB_DIGEST_MISMATCH'];

/** True when the bytes of an ingest are known to be wrong or may be: resuming them would be a mistake. */
export const isFatal = (error: unknown): boolean => fatalCodes.some((code) => isStrataError(error, code));
