import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { compressionProbeBytes, detectCompression } from './detect.ts';
import { decompressExternally, externalDecompressors } from './external-decompressor.ts';
import { gunzip } from './gunzip.ts';
import { SourceReader } from './source-reader.ts';
import type { CompressionFormat } from './types.ts';
import { unzstd } from './unzstd.ts';

export interface DecompressOptions extends AbortOptions {
  /** Taken from the content when absent. */
  readonly format?: CompressionFormat | undefined;
  /** Ends with an error before more than this many decompressed bytes are handed out. */
  readonly maxBytes?: number | undefined;
}

async function* plain(reader: SourceReader): AsyncGenerator<Uint8Array, void> {
  for (let chunk = await reader.next(); chunk; chunk = await reader.next()) yield chunk;
}

function decoded(
  format: CompressionFormat,
  reader: SourceReader,
  options: AbortOptions,
): AsyncGenerator<Uint8Array, void> {
  switch (format) {
    case 'none':
      return plain(reader);
    case 'gzip':
      return gunzip(reader);
    case 'zstd':
      return unzstd(reader);
    case 'xz':
    case 'bzip2':
      return decompressExternally(externalDecompressors[format], reader, options);
  }
}

/**
 * Decompresses a stream piece by piece, in bounded memory, whatever the ratio. All input is read to its end and has to
 * be well-formed; gzip may have zeros behind its last member. Leaving the iteration early closes the source.
 * Chunks belong to the receiver, except that `none` hands on the source's own.
 * @throws ERR_COMPRESSION_CORRUPT, ERR_COMPRESSION_TRUNCATED, ERR_COMPRESSION_TOO_LARGE (`maxBytes`),
 *   ERR_COMPRESSION_WINDOW, ERR_COMPRESSION_DICTIONARY, ERR_COMPRESSION_TOOL_MISSING, and the signal's reason
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions = {},
): AsyncGenerator<Uint8Array, void> {
  await using reader = new SourceReader(source, options);
  const format = options.format ?? detectCompression(await reader.peek(compressionProbeBytes));
  const maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
  let total = 0;
  for await (const chunk of decoded(format, reader, options)) {
    options.signal?.throwIfAborted();
    total += chunk.length;
    if (total > maxBytes) {
      throw new StrataError({
        code: 'ERR_COMPRESSION_TOO_LARGE',
        message: `${format} data: more than ${maxBytes} bytes when decompressed`,
        hint: 'Raise the limit if the archive is trusted.',
      });
    }
    yield chunk;
  }
}
