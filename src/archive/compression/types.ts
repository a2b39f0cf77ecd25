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

/** What one call of a {@link SyncDecoder} did. */
export interface DecoderStep {
  /** Bytes taken from the front of the input. */
  readonly consumed: number;
  /** Decompressed bytes, valid until the next step. */
  readonly output: Uint8Array;
  /** The output buffer ran full: step again, if need be without input, before feeding more. */
  readonly full: boolean;
  /** The member is complete, its checksum and length verified; further input belongs to the next one. */
  readonly ended: boolean;
  /** What the decoder says is wrong with the data; it takes no further steps. */
  readonly failure: string | undefined;
}

/**
 * A bare synchronous decoder of one gzip member or of zstd frames. It knows nothing about what may follow a member:
 * {@link Inflater} holds those rules once for all decoders.
 */
export interface SyncDecoder extends Disposable {
  step(input: Uint8Array): DecoderStep;
  /** Asked after the last input: false when the data stops inside a member. */
  complete(): boolean;
  /** Makes ready for the next member. */
  restart(): void;
}

/** A decoder that may be on this machine. `open` throws when its library is absent or its interface has changed. */
export interface DecoderMaker {
  readonly name: string;
  readonly format: 'gzip' | 'zstd';
  /** Candidates are tried in descending order of MB/s measured on one machine; only the order matters. */
  readonly speed: number;
  open(): SyncDecoder;
}

/** Compresses pieces into gzip members of their own, several at a time, not on the calling thread. */
export interface MemberCompressor extends Disposable {
  /** `bytes` stay as they are until this resolves. Disposal comes after all have. */
  compress(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A compressor that may be on this machine. `open` throws when its library is absent or its interface has changed. */
export interface MemberCompressorMaker {
  readonly name: string;
  open(level: number): MemberCompressor;
}

/**
 * How a blob was compressed, enough to make the same bytes again from the same tar. The fingerprint stands for the
 * compressor itself: its output for a fixed input at this level, which moves with the library and even with the CPU.
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
