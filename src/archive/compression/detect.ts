import type { CompressionFormat } from './types.ts';

/** Number of leading bytes that {@link detectCompression} needs to be sure; fewer do when the data is shorter. */
export const compressionProbeBytes = 10;

const gzip = [0x1f, 0x8b, 0x08];
const xz = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const zstd = [0x28, 0xb5, 0x2f, 0xfd];
// A skippable frame may come first (RFC 8878 §3.1.2; pzstd writes one before every frame): 0x184D2A50–0x184D2A5F.
const zstdSkippableTail = [0x2a, 0x4d, 0x18];
const bzip2BlockStart = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const bzip2StreamEnd = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

const holds = (head: Uint8Array, at: number, magic: readonly number[]): boolean =>
  magic.every((byte, index) => head[at + index] === byte);

// A file name, and so a plain tar, may begin with "BZh"; hence the block magic after the level is checked too.
const isBzip2 = (head: Uint8Array): boolean =>
  holds(head, 0, [0x42, 0x5a, 0x68]) &&
  (head[3] ?? 0) >= 0x31 &&
  (head[3] ?? 0) <= 0x39 &&
  (holds(head, 4, bzip2BlockStart) || holds(head, 4, bzip2StreamEnd));

/**
 * Detects the compression from the first bytes of the content. Returns `none` for too few bytes: a format is reported only when
 * its whole magic is present.
 */
export function detectCompression(head: Uint8Array): CompressionFormat {
  if (holds(head, 0, gzip)) return 'gzip';
  if (holds(head, 0, zstd)) return 'zstd';
  if (((head[0] ?? 0) & 0xf0) === 0x50 && holds(head, 1, zstdSkippableTail)) return 'zstd';
  if (holds(head, 0, xz)) return 'xz';
  return isBzip2(head) ? 'bzip2' : 'none';
}
