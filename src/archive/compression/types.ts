/** Compression of a stream, as detected from its first bytes, never from a file name or a media type. */
export type CompressionFormat = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/**
 * Streaming decompressor with synchronous calls, for worker threads. `write` passes every decompressed chunk to `output` before
 * it returns; a chunk is a view, valid only during the call. `finish` throws unless the input ended exactly at the end of a
 * member or frame, and for gzip possibly in zeros after it.
 */
export interface Inflater extends Disposable {
  write(input: Uint8Array, output: (chunk: Uint8Array) => void): void;
  finish(output: (chunk: Uint8Array) => void): void;
}

/** Result of one call of a {@link SyncDecoder}. */
export interface DecoderStep {
  /** Number of bytes taken from the front of the input. */
  readonly consumed: number;
  /** Decompressed bytes, valid until the next step. */
  readonly output: Uint8Array;
  /** True when the output buffer is full: step again, if need be without input, before feeding more. */
  readonly full: boolean;
  /** True when the member is complete and its checksum and length are verified; further input belongs to the next member. */
  readonly ended: boolean;
  /** Defect of the data, in the decoder's words. The decoder takes no further steps. */
  readonly failure: string | undefined;
}

/**
 * Bare synchronous decoder of one gzip member or of zstd frames. The rules for the bytes after a member are in
 * {@link Inflater}, once for all decoders. `sys/inflate` declares the same interface, because siblings do not import each other.
 */
export interface SyncDecoder extends Disposable {
  step(input: Uint8Array): DecoderStep;
  /** Returns, after the last input, false when the data ends inside a member. */
  complete(): boolean;
  /** Prepares for the next member. */
  restart(): void;
}

/** Decoder that may exist on this machine. `open` throws when its library is absent or its interface has changed. */
export interface DecoderMaker {
  readonly name: string;
  readonly format: 'gzip' | 'zstd';
  /** MB/s measured on one machine. Candidates are tried in descending order; only the order matters. */
  readonly speed: number;
  open(): SyncDecoder;
}

/**
 * Compresses each input into its own gzip member, several at a time, off the calling thread. `sys/deflate` declares the same
 * interface, because siblings do not import each other.
 */
export interface MemberCompressor extends Disposable {
  /** Compresses `bytes`, which must not change until this resolves. Dispose only after all calls have resolved. */
  compress(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Compressor that may exist on this machine. `open` throws when its library is absent or its interface has changed. */
export interface MemberCompressorMaker {
  readonly name: string;
  open(level: number): MemberCompressor;
}

/**
 * Record of a blob's compression, sufficient to repeat it byte for byte from the same tar. The fingerprint identifies the
 * compressor: a hash of its output for a fixed input at this level, which changes with the library and even with the CPU.
 */
export type CompressionRecipe =
  | {
      readonly codec: 'gzip';
      readonly compressor: string;
      readonly level: number;
      readonly blockBytes: number;
      readonly fingerprint: string;
    }
  | { readonly codec: 'zstd'; readonly level: number; readonly fingerprint: string };
