/**
 * Tar archives and compression as streams of bytes, without files. Decompression detects the format by content; encoded headers
 * and compression with a recipe are repeatable byte for byte.
 *
 * ```ts
 * import { createReadStream } from 'node:fs';
 * import { decompress, readTar } from 'strata-oci/archive';
 *
 * for await (const { entry, body } of readTar(decompress(createReadStream('layer.tar.gz')))) {
 *   const name = Buffer.from(entry.path).toString();
 *   console.log(entry.type, entry.sizeBytes, name);
 *   if (name === 'etc/hostname') for await (const chunk of body) process.stdout.write(chunk);
 * }
 * ```
 *
 * @module
 */
export type { AbortOptions } from '../lib/abort.ts';
export { type CompressGzipOptions, compressGzip } from './compression/compress-gzip.ts';
export { type CompressZstdOptions, compressZstd, type ZstdParameters } from './compression/compress-zstd.ts';
export { createInflater } from './compression/create-inflater.ts';
export { type DecompressOptions, decompress } from './compression/decompress.ts';
export { compressionProbeBytes, detectCompression } from './compression/detect.ts';
export type { GzipParameters } from './compression/gzip-parameters.ts';
export { canRemake, gzipRecipe, type RemakeOptions, remake, zstdRecipe } from './compression/recipe.ts';
export type {
  CompressionFormat,
  CompressionRecipe,
  DecoderMaker,
  DecoderStep,
  Inflater,
  MemberCompressor,
  MemberCompressorMaker,
  SyncDecoder,
} from './compression/types.ts';
export { defaultTarLimits, type TarLimits, TarParser } from './tar/parser.ts';
export { readTar, type TarMember } from './tar/reader.ts';
export type { FileMetadata, SparseRun, TarEntry, TarEntryType, TarSink, TarTime } from './tar/types.ts';
export { encodeTarHeader, type TarHeaderFields, tarEnd, tarPadding, tarStoredBytes } from './tar/writer.ts';
