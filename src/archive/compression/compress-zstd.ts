import zlib from 'node:zlib';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { blocksOf } from './blocks.ts';
import { SourceReader } from './source-reader.ts';
import { transformed, type Write } from './transformed.ts';

const pieceBytes = 1024 * 1024;
const defaultLevel = 3;

export interface ZstdParameters {
  /** 1 to 22; 22 takes a window of 128 MiB, the most we read. */
  readonly level?: number | undefined;
}

export interface CompressZstdOptions extends AbortOptions, ZstdParameters {}

/** The level with its default filled in. Throws ERR_COMPRESSION_PARAMETERS. */
export function zstdLevel({ level = defaultLevel }: ZstdParameters): number {
  if (Number.isInteger(level) && level >= 1 && level <= 22) return level;
  throw new StrataError({
    code: 'ERR_COMPRESSION_PARAMETERS',
    message: `zstd parameters: level ${level}`,
    hint: 'Take a level from 1 to 22.',
  });
}

/**
 * One zstd frame with a checksum and without its size. The bytes depend on the data, the level and the libzstd at hand
 * alone, not on how the source is cut. Leaving early closes the source.
 */
export async function* compressZstd(
  source: AsyncIterable<Uint8Array>,
  options: CompressZstdOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const level = zstdLevel(options);
  await using reader = new SourceReader(source, options);
  // No ZSTD_c_nbWorkers: with it Node 24 and 26 now and then throw ERR_STREAM_PUSH_AFTER_EOF.
  const stream = zlib.createZstdCompress({
    chunkSize: pieceBytes,
    params: { [zlib.constants.ZSTD_c_compressionLevel]: level, [zlib.constants.ZSTD_c_checksumFlag]: 1 },
  });
  yield* transformed(stream, reader, async (write: Write) => {
    // Each write is over before the stream ends, so that even a short input is not compressed as a piece of known size.
    for await (const block of blocksOf(reader, pieceBytes)) await write(block.bytes);
    stream.end();
  });
}
