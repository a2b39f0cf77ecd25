/** Told from the first bytes, never from a file name or a media type. */
export type CompressionFormat = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/**
 * Streaming decompression with synchronous calls, for worker threads. `write` hands every decompressed piece to
 * `output` before it returns; a piece is a view valid only during the call. `finish` throws unless the input ended
 * exactly at the end of the last member or frame.
 */
export interface Inflater extends Disposable {
  write(input: Uint8Array, output: (chunk: Uint8Array) => void): void;
  finish(output: (chunk: Uint8Array) => void): void;
}
