import zlib from 'node:zlib';
import { corruptData, expectGzipPadding, unexpectedEnd } from './failures.ts';
import { pipeThrough, type WriteChunk } from './pipe-through.ts';
import type { SourceReader } from './source-reader.ts';

const outputBytes = 1024 * 1024;

function asStrataError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR') return unexpectedEnd('gzip', error);
  return code === 'Z_DATA_ERROR' && error instanceof Error ? corruptData('gzip', error.message, error) : error;
}

/** Decompresses any number of gzip members, and skips zeros after them, on libuv's pool. Disposes of `reader`. */
export async function* gunzip(reader: SourceReader): AsyncGenerator<Uint8Array, void> {
  const stream = zlib.createGunzip({ chunkSize: outputBytes });
  const feed = async (write: WriteChunk): Promise<void> => {
    let written = 0;
    let chunk = await reader.next();
    for (; chunk && stream.bytesWritten === written; chunk = await reader.next()) {
      await write(chunk);
      written += chunk.length;
      if (stream.bytesWritten < written) expectGzipPadding(chunk.subarray(stream.bytesWritten - written));
    }
    // The stream ends itself at the first zero after a member, and does not check the bytes that follow.
    for (; chunk; chunk = await reader.next()) expectGzipPadding(chunk);
    stream.end();
  };
  try {
    yield* pipeThrough(stream, reader, feed);
  } catch (error) {
    throw asStrataError(error);
  }
}
