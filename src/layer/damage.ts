import { isStrataError, restate, type StrataError } from '../errors/index.ts';
import type { LayerSource } from './types.ts';

// What damaged bytes of a blob lead to; other failures are told by the entry they are of.
const isDamage = (error: unknown): error is StrataError =>
  isStrataError(error) &&
  /^ERR_(?:COMPRESSION_|TAR_|BLOB_DIGEST_MISMATCH|LAYER_(?:DIGEST|DIFF_ID)_MISMATCH)/.test(error.code);

type DamagedBlob = Pick<LayerSource, 'digest' | 'offset' | 'sizeBytes'>;

/** Notes on a failure how much of the blob had been read when the damage was noticed. */
export const addDamageOffset = (error: unknown, offset: number): unknown =>
  isDamage(error) ? restate(error, { details: { noticedAt: offset } }) : error;

/**
 * Says which blob is damaged, where it lies when it is a piece of a file, and where the damage was noticed: at or before
 * that byte. A digest only tells that some byte of the whole blob is another one.
 */
export function nameDamagedBlob(error: unknown, { digest, offset, sizeBytes }: DamagedBlob): unknown {
  if (digest === undefined || !isDamage(error)) return error;
  const start = offset ?? 0;
  const { noticedAt: noticed } = error.details ?? {};
  const places = [
    ...(error.message.includes(digest) ? [] : [`layer ${digest}`]),
    ...(offset === undefined ? [] : [`bytes ${start} to ${start + sizeBytes} of the file`]),
    ...(typeof noticed === 'number' ? [`noticed at byte ${start + Math.min(noticed, sizeBytes)}`] : []),
  ];
  if (places.length === 0) return error;
  return restate(error, { message: `${error.message} (${places.join(', ')})`, details: { digest } });
}
