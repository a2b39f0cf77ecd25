import zlib from 'node:zlib';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { blocksOf } from './blocks.ts';
import { pipeThrough, type WriteChunk } from './pipe-through.ts';
import { SourceReader } from './source-reader.ts';

const chunkBytes = 1024 * 1024;
const defaultLevel = 3;

export interface ZstdParameters {
  /** 1 to 22; level 22 needs a window of 128 MiB, the largest that is accepted when reading. */
  readonly level?: number | undefined;
}

export interface CompressZstdOptions extends AbortOptions, ZstdParameters {}

/**
 * Returns the level, or the default when it is left out.
 * @throws ERR_COMPRESSION_PARAMETERS
 */
export function zstdLevel({ level = defaultLevel }: ZstdParameters): number {
  if (Number.isInteger(level) && level >= 1 && level <= 22) return level;
  throw new StrataError({
    code: 'ERR_COMPRESSION_PARAMETERS',
    message: `zstd parameters: level ${level} is invalid`,
    hint: 'Take a level from 1 to 22.',
  });
}

/**
 * Compresses a stream into one zstd frame with a checksum and without its size. The output depends only on the data, the level
 * and the version of libzstd, not on the chunks of the source. Leaving the iteration early closes the source.
 * @throws ERR_COMPRESSION_PARAMETERS, errors of the source, and the signal's reason
 */
export async function* compressZstd(
  source: AsyncIterable<Uint8Array>,
  options: CompressZstdOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const level = zstdLevel(options);
  await using reader = new SourceReader(source, options);
  // No ZSTD_c_nbWorkers: with it Node 24 and 26 now and then throw ERR_STREAM_PUSH_AFTER_EOF.
  const stream = zlib.createZstdCompress({
    chunkSize: chunkBytes,
    params: { [zlib.constants.ZSTD_c_compressionLevel]: level, [zlib.constants.ZSTD_c_checksumFlag]: 1 },
  });
  yield* pipeThrough(stream, reader, async (write: WriteChunk) => {
    // Each write ends before the stream does, so that a short input is not compressed as one of known size.
    for await (const block of blocksOf(reader, chunkBytes)) await write(block.bytes);
    stream.end();
  });
}
