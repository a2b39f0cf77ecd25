import { StrataError } from '../../errors/index.ts';
import { corruptData } from './failures.ts';

/** Largest window that a frame may demand of its decoder: 128 MiB, that is `zstd --long=27`. */
const maxWindowBytes = 128n * 1024n * 1024n;
const maxBlockBytes = 128 * 1024;

export const frameMagic = 0xfd2fb528;
export const isSkippableMagic = (magic: number): boolean => (magic & 0xfffffff0) >>> 0 === 0x184d2a50;

export interface ZstdFrameHeader {
  /** Largest block the frame may hold, compressed or not. */
  readonly blockLimit: number;
  readonly hasChecksum: boolean;
}

// RFC 8878 §3.1.1.1.1: the descriptor, the byte after the magic, determines the fields that follow and their lengths.
const isSingleSegment = (descriptor: number): boolean => (descriptor & 0x20) !== 0;
const windowFieldBytes = (descriptor: number): number => (isSingleSegment(descriptor) ? 0 : 1);
const dictionaryFieldBytes = (descriptor: number): number => [0, 1, 2, 4][descriptor & 3] ?? 0;
const sizeFieldBytes = (descriptor: number): number =>
  descriptor >> 6 === 0 ? (isSingleSegment(descriptor) ? 1 : 0) : 1 << (descriptor >> 6);

/** Returns the length of the whole header, magic included, from its descriptor. */
export function headerLength(descriptor: number): number {
  if ((descriptor & 0x08) !== 0) throw corruptData('zstd', 'reserved bit set in a frame header');
  return 5 + windowFieldBytes(descriptor) + dictionaryFieldBytes(descriptor) + sizeFieldBytes(descriptor);
}

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

function windowBytes(header: Uint8Array, descriptor: number): bigint {
  if (isSingleSegment(descriptor)) {
    const size = littleEndian(header.subarray(header.length - sizeFieldBytes(descriptor)));
    return sizeFieldBytes(descriptor) === 2 ? size + 256n : size;
  }
  const field = header[5] ?? 0;
  const base = 1n << BigInt(10 + (field >> 3));
  return base + (base / 8n) * BigInt(field & 7);
}

/**
 * Reads a complete frame header, magic included.
 * @throws ERR_COMPRESSION_DICTIONARY, ERR_COMPRESSION_WINDOW
 */
export function readFrameHeader(header: Uint8Array): ZstdFrameHeader {
  const descriptor = header[4] ?? 0;
  const dictionaryAt = 5 + windowFieldBytes(descriptor);
  const dictionary = littleEndian(header.subarray(dictionaryAt, dictionaryAt + dictionaryFieldBytes(descriptor)));
  if (dictionary !== 0n) {
    throw new StrataError({
      code: 'ERR_COMPRESSION_DICTIONARY',
      message: `zstd frame: needs dictionary ${dictionary}`,
      hint: 'Compress it again without a dictionary (no -D): an archive has to be readable on its own.',
    });
  }
  const window = windowBytes(header, descriptor);
  if (window > maxWindowBytes) {
    throw new StrataError({
      code: 'ERR_COMPRESSION_WINDOW',
      message: `zstd frame: needs a window of ${window} bytes, more than ${maxWindowBytes}`,
      hint: 'Compress it again with a smaller window: zstd --long=27 or less.',
    });
  }
  return { blockLimit: Math.min(Number(window), maxBlockBytes), hasChecksum: (descriptor & 0x04) !== 0 };
}
