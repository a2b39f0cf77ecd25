import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { compressionProbeBytes, detectCompression } from './detect.ts';
import { decompressExternally, externalDecompressors } from './external-decompressor.ts';
import { gunzip } from './gunzip.ts';
import { SourceReader } from './source-reader.ts';
import type { CompressionFormat } from './types.ts';
import { unzstd } from './unzstd.ts';

export interface DecompressOptions extends AbortOptions {
  /** Format of the data; detected from its first bytes when absent. */
  readonly format?: CompressionFormat | undefined;
  /** Largest number of decompressed bytes to return; more is an error. */
  readonly maxBytes?: number | undefined;
}

async function* plain(reader: SourceReader): AsyncGenerator<Uint8Array, void> {
  for (let chunk = await reader.next(); chunk; chunk = await reader.next()) yield chunk;
}

function decodeWith(
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
 * Decompresses a stream chunk by chunk, in bounded memory at any ratio. The input is read to its end and must be well-formed;
 * zeros may follow the last gzip member. Leaving the iteration early closes the source. The receiver may keep and change the
 * chunks, except for format `none`, which passes on those of the source.
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
  for await (const chunk of decodeWith(format, reader, options)) {
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
