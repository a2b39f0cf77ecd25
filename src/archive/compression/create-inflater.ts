import { StrataError } from '../../errors/index.ts';
import { PlainInflater } from './inflaters.ts';
import { nodeDecoders } from './node-decoders.ts';
import { openInflater, proveDecoder } from './prove-decoder.ts';
import type { CompressionFormat, DecoderMaker, Inflater } from './types.ts';

const proven = new Map<DecoderMaker, boolean>();

function isProven(maker: DecoderMaker): boolean {
  const known = proven.get(maker) ?? proveDecoder(maker);
  proven.set(maker, known);
  return known;
}

/** Returns the fastest decoder for `format` that is installed and passes its test, which runs once per thread. */
export function chooseDecoder(format: 'gzip' | 'zstd', native: readonly DecoderMaker[] = []): DecoderMaker {
  const candidates = [...nodeDecoders, ...native].filter((maker) => maker.format === format);
  const chosen = candidates.sort((a, b) => b.speed - a.speed).find(isProven);
  if (chosen) return chosen;
  throw new StrataError({
    code: 'ERR_COMPRESSION_NO_DECODER',
    message: `${format} decoder: none of ${candidates.map((maker) => maker.name).join(', ')} works on this machine`,
    hint: 'Install the C library: apt-get install zlib1g libzstd1.',
  });
}

/**
 * Opens a synchronous decompressor for one stream; the caller disposes of it. `native` are decoders of C libraries, preferred
 * to Node's where they are faster. `xz` and `bzip2` exist only as programs, which {@link decompress} runs.
 * @throws ERR_COMPRESSION_NOT_SYNCHRONOUS for xz and bzip2, ERR_COMPRESSION_NO_DECODER
 */
export function createInflater(format: CompressionFormat, native: readonly DecoderMaker[] = []): Inflater {
  switch (format) {
    case 'none':
      return new PlainInflater();
    case 'gzip':
    case 'zstd':
      return openInflater(chooseDecoder(format, native));
    case 'xz':
    case 'bzip2':
      throw new StrataError({
        code: 'ERR_COMPRESSION_NOT_SYNCHRONOUS',
        message: `${format} data: cannot be decompressed synchronously`,
        hint: 'Decompress it to a file first.',
      });
  }
}
