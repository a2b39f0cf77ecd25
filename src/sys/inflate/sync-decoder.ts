/**
 * What `archive/compression` asks of a synchronous decoder, said again here because floors do not import sideways.
 * One step takes input from the front of `input` and gives what came of it, valid until the next step; `ended` tells
 * that a gzip member is complete and verified.
 */
export interface SyncDecoder extends Disposable {
  step(input: Uint8Array): DecoderStep;
  complete(): boolean;
  restart(): void;
}

export interface DecoderStep {
  readonly consumed: number;
  readonly output: Uint8Array;
  readonly full: boolean;
  readonly ended: boolean;
  readonly failure: string | undefined;
}

/** `speed` orders candidates: MB/s of tar measured on one machine (Xeon with AVX-512, a tar of /usr). */
export interface DecoderMaker {
  readonly name: string;
  readonly format: 'gzip' | 'zstd';
  readonly speed: number;
  open(): SyncDecoder;
}

/** Stays in the second-level cache of a core, and still makes a call's cost vanish. */
export const outputBytes: number = 256 * 1024;
