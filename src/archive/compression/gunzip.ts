import zlib from 'node:zlib';
import { corruptData, expectGzipPadding, truncatedData } from './malformed.ts';
import type { SourceReader } from './source-reader.ts';
import { transformed, type Write } from './transformed.ts';

const outputBytes = 1024 * 1024;

function asStrataError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR') return truncatedData('gzip', error);
  return code === 'Z_DATA_ERROR' && error instanceof Error ? corruptData('gzip', error.message, error) : error;
}

/** Any number of gzip members and zeros behind them, on libuv's pool. Takes over `reader`. */
export async function* gunzip(reader: SourceReader): AsyncGenerator<Uint8Array, void> {
  const stream = zlib.createGunzip({ chunkSize: outputBytes });
  const feed = async (write: Write): Promise<void> => {
    let written = 0;
    let chunk = await reader.next();
    for (; chunk && stream.bytesWritten === written; chunk = await reader.next()) {
      await write(chunk);
      written += chunk.length;
      if (stream.bytesWritten < written) expectGzipPadding(chunk.subarray(stream.bytesWritten - written));
    }
    // The stream ends itself at the first zero behind a member, and would not tell what came after it.
    for (; chunk; chunk = await reader.next()) expectGzipPadding(chunk);
    stream.end();
  };
  try {
    yield* transformed(stream, reader, feed);
  } catch (error) {
    throw asStrataError(error);
  }
}
