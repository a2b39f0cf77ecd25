import zlib from 'node:zlib';
import { corruptData } from './failures.ts';
import { pipeThrough, type WriteChunk } from './pipe-through.ts';
import type { SourceReader } from './source-reader.ts';
import { ZstdFrames } from './zstd-frames.ts';

const outputBytes = 1024 * 1024;

function asStrataError(error: unknown): unknown {
  const isData = error instanceof Error && 'code' in error && String(error.code).startsWith('ZSTD_error_');
  return isData ? corruptData('zstd', error.message, error) : error;
}

/** Decompresses any number of zstd frames, each written to the decoder separately, on libuv's pool. Disposes of `reader`. */
export async function* unzstd(reader: SourceReader): AsyncGenerator<Uint8Array, void> {
  const frames = new ZstdFrames();
  const stream = zlib.createZstdDecompress({
    chunkSize: outputBytes,
    params: { [zlib.constants.ZSTD_d_windowLogMax]: 27 },
  });
  const feed = async (write: WriteChunk): Promise<void> => {
    for (let chunk = await reader.next(); chunk; chunk = await reader.next()) {
      for (const run of frames.scan(chunk)) await write(run.bytes);
    }
    frames.finish();
    // The last write returns after all output. `end` would fail when no frame had any data.
    stream.push(null);
  };
  try {
    yield* pipeThrough(stream, reader, feed);
  } catch (error) {
    throw asStrataError(error);
  }
}
