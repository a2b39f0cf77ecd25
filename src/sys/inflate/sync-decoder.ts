/**
 * Synchronous decoder. The same interface as in `archive/compression/types.ts`, which explains it: `archive` and `sys` are
 * siblings and do not import each other.
 */
export interface SyncDecoder extends Disposable {
  step(input: Uint8Array): DecoderStep;
  complete(): boolean;
  restart(): void;
}

/** Result of one step. `output` is valid until the next step; `ended` means that a gzip member is complete and verified. */
export interface DecoderStep {
  readonly consumed: number;
  readonly output: Uint8Array;
  readonly full: boolean;
  readonly ended: boolean;
  readonly failure: string | undefined;
}

/** Opens a {@link SyncDecoder}. `speed` orders candidates: MB/s of tar on one machine (Xeon with AVX-512, a tar of /usr). */
export interface DecoderMaker {
  readonly name: string;
  readonly format: 'gzip' | 'zstd';
  readonly speed: number;
  open(): SyncDecoder;
}

/** Size of the output buffer: it fits a core's second-level cache, and is large enough to make the cost of a call negligible. */
export const outputBytes: number = 256 * 1024;
