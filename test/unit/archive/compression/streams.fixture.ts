import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import zlib from 'node:zlib';
import { isStrataError } from '../../../../src/errors/index.ts';

/** A stream with the expected result: its content, or the code of the refusal. */
export interface StreamCase {
  readonly name: string;
  readonly bytes: Buffer;
  readonly expect: Buffer | `ERR_COMPRESSION_${string}`;
}

const text = Buffer.from('layer digest whiteout overlay snapshot '.repeat(200));
const noise = Buffer.concat(Array.from({ length: 3000 }, (_, i) => createHash('sha256').update(`${i}`).digest()));
const long = Buffer.alloc(3_000_000, 'run');
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);

function gzipTrailer(data: Buffer): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(zlib.crc32(data), 0);
  trailer.writeUInt32LE(data.length, 4);
  return trailer;
}

function richHeader(): Buffer {
  const head = Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0x1f, 1, 2, 3, 4, 0, 3, 5, 0]),
    Buffer.from('extra'),
    Buffer.from('name.tar\0comment\0'),
  ]);
  const crc = Buffer.alloc(2);
  crc.writeUInt16LE(zlib.crc32(head) & 0xffff);
  return Buffer.concat([head, crc]);
}

function withByte(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  const changed = Buffer.from(bytes);
  const index = at < 0 ? bytes.length + at : at;
  changed[index] = change(changed[index]!) & 0xff;
  return changed;
}

const gz = (data: Buffer, options: zlib.ZlibOptions = {}): Buffer => zlib.gzipSync(data, options);
const gzText = gz(text);

export const gzipCases: readonly StreamCase[] = [
  { name: 'one member', bytes: gzText, expect: text },
  { name: 'stored blocks', bytes: gz(noise, { level: 0 }), expect: noise },
  { name: 'fixed codes', bytes: gz(text, { strategy: zlib.constants.Z_FIXED }), expect: text },
  { name: 'noise', bytes: gz(noise), expect: noise },
  { name: 'more output than any buffer', bytes: gz(long), expect: long },
  { name: 'an empty member', bytes: gz(zeros(0)), expect: zeros(0) },
  {
    name: 'three members, one of them empty',
    bytes: Buffer.concat([gzText, gz(zeros(0)), gz(long, { level: 1 })]),
    expect: Buffer.concat([text, long]),
  },
  {
    name: 'two thousand members',
    bytes: Buffer.concat(Array.from({ length: 2000 }, () => gz(Buffer.from('x')))),
    expect: Buffer.alloc(2000, 'x'),
  },
  {
    name: 'every optional header field',
    bytes: Buffer.concat([richHeader(), zlib.deflateRawSync(text), gzipTrailer(text)]),
    expect: text,
  },
  {
    name: 'a wrong header checksum',
    bytes: Buffer.concat([
      withByte(richHeader(), -1, (byte) => byte ^ 1),
      zlib.deflateRawSync(text),
      gzipTrailer(text),
    ]),
    expect: 'ERR_COMPRESSION_CORRUPT',
  },
  { name: 'unknown header flags', bytes: withByte(gzText, 3, () => 0x20), expect: 'ERR_COMPRESSION_CORRUPT' },
  {
    name: 'a header cut in its name',
    bytes: richHeader().subarray(0, 22),
    expect: 'ERR_COMPRESSION_TRUNCATED',
  },
  { name: 'one zero behind', bytes: Buffer.concat([gzText, zeros(1)]), expect: text },
  { name: 'a megabyte of zeros behind', bytes: Buffer.concat([gzText, zeros(1 << 20)]), expect: text },
  { name: 'nothing at all', bytes: zeros(0), expect: 'ERR_COMPRESSION_TRUNCATED' },
  { name: 'half a magic', bytes: gzText.subarray(0, 1), expect: 'ERR_COMPRESSION_TRUNCATED' },
  { name: 'header only', bytes: gzText.subarray(0, 10), expect: 'ERR_COMPRESSION_TRUNCATED' },
  { name: 'no trailer', bytes: gzText.subarray(0, -8), expect: 'ERR_COMPRESSION_TRUNCATED' },
  { name: 'half a trailer', bytes: gzText.subarray(0, -1), expect: 'ERR_COMPRESSION_TRUNCATED' },
  {
    name: 'a second member cut in its header',
    bytes: Buffer.concat([gzText, gzText.subarray(0, 5)]),
    expect: 'ERR_COMPRESSION_TRUNCATED',
  },
  {
    name: 'a second member cut in its data',
    bytes: Buffer.concat([gzText, gzText.subarray(0, 40)]),
    expect: 'ERR_COMPRESSION_TRUNCATED',
  },
  { name: 'only zeros', bytes: zeros(100), expect: 'ERR_COMPRESSION_CORRUPT' },
  {
    name: 'garbage behind',
    bytes: Buffer.concat([gzText, Buffer.from('garbage of some length')]),
    expect: 'ERR_COMPRESSION_CORRUPT',
  },
  {
    name: 'zeros and garbage behind',
    bytes: Buffer.concat([gzText, zeros(600), Buffer.from('x')]),
    expect: 'ERR_COMPRESSION_CORRUPT',
  },
  {
    name: 'zeros and a member behind',
    bytes: Buffer.concat([gzText, zeros(1), gzText]),
    expect: 'ERR_COMPRESSION_CORRUPT',
  },
  { name: 'wrong checksum', bytes: withByte(gzText, -8, (byte) => byte ^ 1), expect: 'ERR_COMPRESSION_CORRUPT' },
  { name: 'wrong length', bytes: withByte(gzText, -1, (byte) => byte ^ 1), expect: 'ERR_COMPRESSION_CORRUPT' },
  { name: 'unknown method', bytes: withByte(gzText, 2, () => 9), expect: 'ERR_COMPRESSION_CORRUPT' },
  { name: 'reserved block type', bytes: withByte(gzText, 10, (byte) => byte | 6), expect: 'ERR_COMPRESSION_CORRUPT' },
  {
    name: 'a distance before the beginning',
    // Fixed codes: literal 'a', then length 3 at distance 4.
    bytes: Buffer.concat([gzText.subarray(0, 10), Buffer.from([0x4b, 0x04, 0x32, 0x00]), zeros(8)]),
    expect: 'ERR_COMPRESSION_CORRUPT',
  },
];

const parameter = zlib.constants;
export const zstd = (data: Buffer, params: Record<number, number> = {}): Buffer =>
  zlib.zstdCompressSync(data, { params });

export function skippable(payload: Buffer, nibble = 0): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + nibble, 0);
  head.writeUInt32LE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

/** Returns a hand-made frame: `fields` follow the descriptor; each block has its type, its size field and its bytes. */
export function frame(
  descriptor: number,
  fields: readonly number[],
  ...blocks: readonly { type: number; size: number; bytes: Buffer }[]
): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...fields])];
  for (const [index, { type, size, bytes }] of blocks.entries()) {
    const word = (index === blocks.length - 1 ? 1 : 0) | (type << 1) | (size << 3);
    parts.push(Buffer.from([word & 0xff, (word >> 8) & 0xff, word >> 16]), bytes);
  }
  return Buffer.concat(parts);
}

const raw = (data: string): { type: number; size: number; bytes: Buffer } => ({
  type: 0,
  size: data.length,
  bytes: Buffer.from(data),
});
const zText = zstd(text, { [parameter.ZSTD_c_checksumFlag]: 1 });

export const zstdCases: readonly StreamCase[] = [
  { name: 'one frame', bytes: zText, expect: text },
  { name: 'no checksum', bytes: zstd(text), expect: text },
  { name: 'no content size', bytes: zstd(long, { [parameter.ZSTD_c_contentSizeFlag]: 0 }), expect: long },
  { name: 'noise', bytes: zstd(noise), expect: noise },
  { name: 'level 19', bytes: zstd(long, { [parameter.ZSTD_c_compressionLevel]: 19 }), expect: long },
  { name: 'an empty frame', bytes: zstd(zeros(0)), expect: zeros(0) },
  {
    name: 'five frames',
    bytes: Buffer.concat([zText, zstd(zeros(0)), zstd(noise), zText, zstd(long)]),
    expect: Buffer.concat([text, noise, text, long]),
  },
  {
    name: 'two thousand frames',
    bytes: Buffer.concat(Array.from({ length: 2000 }, () => zstd(Buffer.from('x')))),
    expect: Buffer.alloc(2000, 'x'),
  },
  {
    name: 'skippable frames all over',
    bytes: Buffer.concat([skippable(noise), zText, skippable(zeros(0), 15), zText, skippable(Buffer.from([1]), 7)]),
    expect: Buffer.concat([text, text]),
  },
  { name: 'a skippable frame alone', bytes: skippable(Buffer.from('note')), expect: zeros(0) },
  { name: 'raw blocks', bytes: frame(0x20, [6], raw('abc'), raw(''), raw('def')), expect: Buffer.from('abcdef') },
  {
    name: 'a repeated byte',
    bytes: frame(0x00, [0x38], { type: 1, size: 100_000, bytes: Buffer.from('z') }, raw('.')),
    expect: Buffer.concat([Buffer.alloc(100_000, 'z'), Buffer.from('.')]),
  },
  { name: 'a dictionary field that says none', bytes: frame(0x21, [0, 3], raw('abc')), expect: Buffer.from('abc') },
  { name: 'nothing at all', bytes: zeros(0), expect: 'ERR_COMPRESSION_TRUNCATED' },
  { name: 'half a magic', bytes: zText.subarray(0, 2), expect: 'ERR_COMPRESSION_TRUNCATED' },
  { name: 'header only', bytes: zText.subarray(0, 6), expect: 'ERR_COMPRESSION_TRUNCATED' },
  { name: 'half a checksum', bytes: zText.subarray(0, -2), expect: 'ERR_COMPRESSION_TRUNCATED' },
  {
    name: 'a second frame cut',
    bytes: Buffer.concat([zText, zText.subarray(0, 30)]),
    expect: 'ERR_COMPRESSION_TRUNCATED',
  },
  {
    name: 'a skippable frame cut',
    bytes: Buffer.concat([zText, skippable(noise).subarray(0, 50)]),
    expect: 'ERR_COMPRESSION_TRUNCATED',
  },
  { name: 'garbage behind', bytes: Buffer.concat([zText, Buffer.from('garbage')]), expect: 'ERR_COMPRESSION_CORRUPT' },
  { name: 'a zero word behind', bytes: Buffer.concat([zText, zeros(4)]), expect: 'ERR_COMPRESSION_CORRUPT' },
  {
    name: 'a frame of version 0.7',
    bytes: Buffer.from([0x27, 0xb5, 0x2f, 0xfd, 0, 0, 0]),
    expect: 'ERR_COMPRESSION_CORRUPT',
  },
  { name: 'wrong checksum', bytes: withByte(zText, -1, (byte) => byte ^ 1), expect: 'ERR_COMPRESSION_CORRUPT' },
  { name: 'damaged block', bytes: withByte(zText, 12, (byte) => byte ^ 0xff), expect: 'ERR_COMPRESSION_CORRUPT' },
  { name: 'reserved bit', bytes: frame(0x28, [3], raw('abc')), expect: 'ERR_COMPRESSION_CORRUPT' },
  {
    name: 'reserved block type',
    bytes: frame(0x20, [3], { type: 3, size: 3, bytes: zeros(3) }),
    expect: 'ERR_COMPRESSION_CORRUPT',
  },
  {
    name: 'a block larger than the window',
    bytes: frame(0x00, [0x00], raw('x'.repeat(1025))),
    expect: 'ERR_COMPRESSION_CORRUPT',
  },
  { name: 'less content than announced', bytes: frame(0x20, [4], raw('abc')), expect: 'ERR_COMPRESSION_CORRUPT' },
  { name: 'a window of 128 MiB', bytes: frame(0x00, [17 << 3], raw('abc')), expect: Buffer.from('abc') },
  {
    name: 'a window one step over 128 MiB',
    bytes: frame(0x00, [(17 << 3) | 1], raw('abc')),
    expect: 'ERR_COMPRESSION_WINDOW',
  },
  { name: 'the largest window there is', bytes: frame(0x00, [0xff], raw('abc')), expect: 'ERR_COMPRESSION_WINDOW' },
  {
    name: 'a single segment of 2^63 bytes',
    bytes: frame(0xe0, [0, 0, 0, 0, 0, 0, 0, 0x80], raw('abc')),
    expect: 'ERR_COMPRESSION_WINDOW',
  },
  { name: 'a dictionary', bytes: frame(0x23, [1, 2, 3, 4, 3], raw('abc')), expect: 'ERR_COMPRESSION_DICTIONARY' },
];

/** Splits `bytes` into chunks, with lengths that cycle through `lengths`. */
export function* pieces(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** Returns the result of a stream in a short form: length and digest of the content, or the error's code. */
export function outcome(result: Buffer | string): string {
  if (typeof result === 'string') return result;
  return `${result.length} bytes ${createHash('sha256').update(result).digest('hex').slice(0, 16)}`;
}

/** Returns the code of a refusal; any other error fails the test. */
export function codeOf(error: unknown): string {
  if (isStrataError(error)) return error.code;
  throw error;
}
