import zlib from 'node:zlib';
import { corruptData } from './malformed.ts';
import type { SourceReader } from './source-reader.ts';
import { transformed, type Write } from './transformed.ts';
import { ZstdFrames } from './zstd-frames.ts';

const outputBytes = 1024 * 1024;

function asStrataError(error: unknown): unknown {
  const isData = error instanceof Error && 'code' in error && String(error.code).startsWith('ZSTD_error_');
  return isData ? corruptData('zstd', error.message, error) : error;
}

/** Any number of zstd frames, each written to the decoder on its own, on libuv's pool. Takes over `reader`. */
export async function* unzstd(reader: SourceReader): AsyncGenerator<Uint8Array, void> {
  const frames = new ZstdFrames();
  const stream = zlib.createZstdDecompress({
    chunkSize: outputBytes,
    params: { [zlib.constants.ZSTD_d_windowLogMax]: 27 },
  });
  const feed = async (write: Write): Promise<void> => {
    for (let chunk = await reader.next(); chunk; chunk = await reader.next()) {
      for (const run of frames.scan(chunk)) await write(run.bytes);
    }
    frames.finish();
    // Everything is out when the last write returns; `end` would only fail where no frame held any data.
    stream.push(null);
  };
  try {
    yield* transformed(stream, reader, feed);
  } catch (error) {
    throw asStrataError(error);
  }
}
