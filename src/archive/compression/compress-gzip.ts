import { Buffer } from 'node:buffer';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { type Block, blocksOf } from './blocks.ts';
import { SourceReader } from './source-reader.ts';

const deflateRaw = (bytes: Uint8Array, options: zlib.ZlibOptions): Promise<Buffer> =>
  promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.deflateRaw)(bytes, options);

/** As far back as deflate can refer (RFC 1951 §2). */
const windowBytes = 32 * 1024;
const osUnknown = 255;

const defaultLevel = 6;
const defaultBlockBytes = 256 * 1024;

export interface GzipParameters {
  /** 0 (stored) to 9. */
  readonly level?: number | undefined;
  /** Uncompressed bytes per block, 64 KiB to 64 MiB. */
  readonly blockBytes?: number | undefined;
}

export interface CompressGzipOptions extends AbortOptions, GzipParameters {
  /** Blocks under way at once; changes speed and memory, never the result. */
  readonly concurrency?: number | undefined;
}

function header(level: number): Uint8Array {
  const extraFlags = level === 9 ? 2 : level === 1 ? 4 : 0;
  return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extraFlags, osUnknown);
}

function trailer(crc: number, bytes: number): Uint8Array {
  const fields = Buffer.alloc(8);
  fields.writeUInt32LE(crc, 0);
  fields.writeUInt32LE(bytes % 2 ** 32, 4);
  return fields;
}

/**
 * Compresses one block as if the stream went on, or ends it. The 32 KiB before it serve as dictionary, so cutting costs
 * little size. Deterministic for one zlib on one kind of CPU.
 */
function deflateBlock(block: Block, before: Uint8Array, level: number): Promise<Uint8Array> {
  return deflateRaw(block.bytes, {
    level,
    ...(before.length > 0 ? { dictionary: before.subarray(-windowBytes) } : {}),
    chunkSize: Math.max(64, block.bytes.length),
    finishFlush: block.isLast ? zlib.constants.Z_FINISH : zlib.constants.Z_SYNC_FLUSH,
  });
}

/** The parameters with what was left out filled in. Throws ERR_COMPRESSION_PARAMETERS. */
export function gzipParameters(options: GzipParameters): { readonly level: number; readonly blockBytes: number } {
  const { level = defaultLevel, blockBytes = defaultBlockBytes } = options;
  const isBlockSize = Number.isInteger(blockBytes) && blockBytes >= 64 * 1024 && blockBytes <= 64 * 1024 * 1024;
  if (Number.isInteger(level) && level >= 0 && level <= 9 && isBlockSize) return { level, blockBytes };
  throw new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_COMPRESSION_PARAMETERS',
    message: `gzip parameters: level ${level}, blocks of ${blockBytes} bytes`,
    hint: 'Take a level from 0 to 9 and blocks of 64 KiB to 64 MiB.',
  });
}

/**
 * One gzip member, its blocks compressed in parallel on libuv's pool and handed out in order. The bytes depend on the
 * data, `level`, `blockBytes` and the zlib at hand alone: not on how the source is cut, nor on `concurrency`.
 * Leaving early closes the source.
 */
export async function* compressGzip(
  source: AsyncIterable<Uint8Array>,
  options: CompressGzipOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const { level, blockBytes } = gzipParameters(options);
  const concurrency = Math.max(1, options.concurrency ?? availableParallelism() + 1);
  await using reader = new SourceReader(source, options);
  const underWay: Promise<Uint8Array>[] = [];
  let crc = 0;
  let total = 0;
  let before: Uint8Array = new Uint8Array(0);
  try {
    yield header(level);
    for await (const block of blocksOf(reader, blockBytes)) {
      underWay.push(deflateBlock(block, before, level));
      crc = zlib.crc32(block.bytes, crc);
      total += block.bytes.length;
      before = block.bytes;
      if (underWay.length >= concurrency) yield await (underWay.shift() as Promise<Uint8Array>);
    }
    for (let next = underWay.shift(); next; next = underWay.shift()) yield await next;
    yield trailer(crc, total);
  } finally {
    await Promise.allSettled(underWay);
  }
}
