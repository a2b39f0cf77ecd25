import { StrataError } from '../../errors/index.ts';
import type { CompressionFormat } from './types.ts';

/** Error for data that violates its format: bad header, bad code, wrong checksum, bytes after the end. */
export function corruptData(format: CompressionFormat, detail: string, cause?: unknown): StrataError {
  return new StrataError({
    code: 'ERR_COMPRESSION_CORRUPT',
    message: `${format} data: ${detail}`,
    hint: 'Fetch or create the archive again: its bytes are damaged.',
    cause,
  });
}

/** Error for data that ends inside a member or frame. */
export function unexpectedEnd(format: CompressionFormat, cause?: unknown): StrataError {
  return new StrataError({
    code: 'ERR_COMPRESSION_TRUNCATED',
    message: `${format} data: unexpected end`,
    hint: 'Fetch or create the archive again: it was cut off.',
    cause,
  });
}

/**
 * Checks the bytes after the last gzip member. Zeros are padding: tapes and block devices leave them, and gzip, pigz and Node
 * skip them. Anything else is an error, as in Go's compress/gzip and so in docker.
 * @throws ERR_COMPRESSION_CORRUPT
 */
export function expectGzipPadding(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw corruptData('gzip', 'bytes follow the last member');
}
