import { StrataError } from '../../errors/index.ts';
import { openInflater, proveDecoder } from './decoder-proof.ts';
import { PlainInflater } from './inflaters.ts';
import { nodeDecoders } from './node-decoders.ts';
import type { CompressionFormat, DecoderMaker, Inflater } from './types.ts';

const proven = new Map<DecoderMaker, boolean>();

function isProven(maker: DecoderMaker): boolean {
  const known = proven.get(maker) ?? proveDecoder(maker);
  proven.set(maker, known);
  return known;
}

/** The fastest decoder for `format` that is there and proves itself, once per thread. */
export function chooseDecoder(format: 'gzip' | 'zstd', native: readonly DecoderMaker[] = []): DecoderMaker {
  const candidates = [...nodeDecoders, ...native].filter((maker) => maker.format === format);
  const chosen = candidates.sort((a, b) => b.speed - a.speed).find(isProven);
  if (chosen) return chosen;
  throw new StrataError({
    code: 'ERR_COMPRESSION_NO_DECODER',
    message: `${format} decoder: none of ${candidates.map((maker) => maker.name).join(', ')} works here`,
    hint: 'Install the C library: apt-get install zlib1g libzstd1.',
  });
}

/**
 * Synchronous decompression of one stream, to be disposed of. `native` are decoders from C libraries; without any,
 * Node's own is used. `xz` and `bzip2` exist as programs only: {@link decompress} takes those.
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
