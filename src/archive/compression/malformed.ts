import { StrataError } from '../../errors/index.ts';
import type { CompressionFormat } from './types.ts';

/** The data is not what its format promises: bad header, bad code, wrong checksum, bytes after the end. */
export function corruptData(format: CompressionFormat, detail: string, cause?: unknown): StrataError {
  return new StrataError({
    code: 'ERR_COMPRESSION_CORRUPT',
    message: `${format} data: ${detail}`,
    hint: 'Fetch or create the archive again: its bytes were damaged.',
    cause,
  });
}

/** The data stops inside a member or frame. */
export function truncatedData(format: CompressionFormat, cause?: unknown): StrataError {
  return new StrataError({
    code: 'ERR_COMPRESSION_TRUNCATED',
    message: `${format} data: unexpected end`,
    hint: 'Fetch or create the archive again: it was cut off.',
    cause,
  });
}

/**
 * Checks what follows the last gzip member. Zeros are padding (tapes and block devices leave them, and gzip, pigz and
 * node all skip them); anything else is an error, as it is in Go's compress/gzip and so in docker.
 */
export function expectGzipPadding(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw corruptData('gzip', 'bytes follow the last member');
}
