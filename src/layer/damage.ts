import { isStrataError, restate, type StrataError } from '../errors/index.ts';
import type { LayerSource } from './types.ts';

// Errors that damaged bytes of a blob cause. Other failures already name their entry.
const isDamage = (error: unknown): error is StrataError =>
  isStrataError(error) &&
  /^ERR_(?:COMPRESSION_|TAR_|BLOB_DIGEST_MISMATCH|LAYER_(?:DIGEST|DIFF_ID)_MISMATCH)/.test(error.code);

type DamagedBlob = Pick<LayerSource, 'digest' | 'offset' | 'sizeBytes'>;

/** Adds to the error of a damaged blob how many bytes of it had been read by then. */
export const addDamageOffset = (error: unknown, offset: number): unknown =>
  isDamage(error) ? restate(error, { details: { noticedAt: offset } }) : error;

/**
 * Adds to the error of a damaged blob the blob's digest, its range when it is a part of a file, and the byte at or before
 * which it is damaged. A digest alone only says that some byte of the blob is wrong. Returns any other error as it is.
 */
export function nameDamagedBlob(error: unknown, { digest, offset, sizeBytes }: DamagedBlob): unknown {
  if (digest === undefined || !isDamage(error)) return error;
  const start = offset ?? 0;
  const { noticedAt: noticed } = error.details ?? {};
  const facts = [
    ...(error.message.includes(digest) ? [] : [`layer ${digest}`]),
    ...(offset === undefined ? [] : [`bytes ${start} to ${start + sizeBytes} of the file`]),
    ...(typeof noticed === 'number' ? [`noticed at byte ${start + Math.min(noticed, sizeBytes)}`] : []),
  ];
  if (facts.length === 0) return error;
  return restate(error, { message: `${error.message} (${facts.join(', ')})`, details: { digest } });
}
