import { Buffer } from 'node:buffer';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { type Block, blocksOf } from './blocks.ts';
import { chooseGzip, type GzipParameters } from './gzip-parameters.ts';
import { SourceReader } from './source-reader.ts';
import type { MemberCompressorMaker } from './types.ts';

const deflateRaw = (bytes: Uint8Array, options: zlib.ZlibOptions): Promise<Buffer> =>
  promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.deflateRaw)(bytes, options);

/** Largest distance of a reference in deflate (RFC 1951 §2). */
const windowBytes = 32 * 1024;
const osUnknown = 255;
const nothing = new Uint8Array(0);

export interface CompressGzipOptions extends AbortOptions, GzipParameters {
  /** Compressors of C libraries, preferred to Node's zlib where they work. */
  readonly native?: readonly MemberCompressorMaker[] | undefined;
  /** Number of blocks compressed at once. Changes speed and memory, never the result. */
  readonly concurrency?: number | undefined;
}

/** Frames the blocks of one stream. Results may resolve in any order; the caller emits them in the order of the blocks. */
interface Framing extends Disposable {
  head(): Uint8Array;
  block(block: Block): Promise<Uint8Array>;
  tail(): Uint8Array;
}

/**
 * Framing with zlib: one member. Each block but the last ends in a sync flush, and the 32 KiB before a block are its
 * dictionary, so that cutting costs little size. Deterministic for one zlib on one kind of CPU.
 */
class OneMember implements Framing {
  readonly #level: number;
  #before: Uint8Array = nothing;
  #crc = 0;
  #bytes = 0;

  constructor(level: number) {
    this.#level = level;
  }

  head(): Uint8Array {
    const extraFlags = this.#level === 9 ? 2 : this.#level === 1 ? 4 : 0;
    return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extraFlags, osUnknown);
  }

  block({ bytes, isLast }: Block): Promise<Uint8Array> {
    const before = this.#before;
    this.#before = bytes;
    this.#crc = zlib.crc32(bytes, this.#crc);
    this.#bytes += bytes.length;
    return deflateRaw(bytes, {
      level: this.#level,
      ...(before.length > 0 ? { dictionary: before.subarray(-windowBytes) } : {}),
      chunkSize: Math.max(64, bytes.length),
      finishFlush: isLast ? zlib.constants.Z_FINISH : zlib.constants.Z_SYNC_FLUSH,
    });
  }

  tail(): Uint8Array {
    const fields = Buffer.alloc(8);
    fields.writeUInt32LE(this.#crc, 0);
    fields.writeUInt32LE(this.#bytes % 2 ** 32, 4);
    return fields;
  }

  [Symbol.dispose](): void {}
}

/** Framing with a C library: each block becomes its own member (RFC 1952 §2.2). */
function manyMembers(maker: MemberCompressorMaker, level: number): Framing {
  const members = maker.open(level);
  return {
    head: () => nothing,
    block: ({ bytes }) => members.compress(bytes),
    tail: () => nothing,
    [Symbol.dispose]: () => members[Symbol.dispose](),
  };
}

/**
 * Compresses a stream with gzip, its blocks in parallel on libuv's pool. The output depends only on the data, `compressor`,
 * `level`, `blockBytes` and the library of this machine: not on the chunks of the source, nor on `concurrency`. Leaving the
 * iteration early closes the source.
 * @throws ERR_COMPRESSION_PARAMETERS, ERR_COMPRESSION_NO_COMPRESSOR, errors of the source, and the signal's reason
 */
export async function* compressGzip(
  source: AsyncIterable<Uint8Array>,
  options: CompressGzipOptions = {},
): AsyncGenerator<Uint8Array, void> {
  await using reader = new SourceReader(source, options);
  const chosen = (await chooseGzip(options, options.native ?? [])) ?? noCompressor(options);
  const { level, blockBytes, maker } = chosen;
  const concurrency = Math.max(1, options.concurrency ?? availableParallelism() + 1);
  using framing = maker ? manyMembers(maker, level) : new OneMember(level);
  const underWay: Promise<Uint8Array>[] = [];
  try {
    yield* unlessEmpty(framing.head());
    for await (const block of blocksOf(reader, blockBytes)) {
      underWay.push(framing.block(block));
      if (underWay.length >= concurrency) yield await (underWay.shift() as Promise<Uint8Array>);
    }
    for (let next = underWay.shift(); next; next = underWay.shift()) yield await next;
    yield* unlessEmpty(framing.tail());
  } finally {
    await Promise.allSettled(underWay);
  }
}

const unlessEmpty = (bytes: Uint8Array): readonly Uint8Array[] => (bytes.length > 0 ? [bytes] : []);

function noCompressor({ compressor }: GzipParameters): never {
  throw new StrataError({
    code: 'ERR_COMPRESSION_NO_COMPRESSOR',
    message: `gzip compressor ${compressor}: not available`,
    hint: 'Install its library, apt-get install libdeflate0, or leave the choice of the compressor open.',
  });
}
