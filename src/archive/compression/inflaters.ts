import { corruptData, expectGzipPadding, unexpectedEnd } from './failures.ts';
import type { DecoderStep, Inflater, SyncDecoder } from './types.ts';
import { ZstdFrames } from './zstd-frames.ts';

type Output = (chunk: Uint8Array) => void;

/** Makes one step and passes its output on. Throws when the decoder refuses the data or makes no progress. */
function advance(format: 'gzip' | 'zstd', decoder: SyncDecoder, input: Uint8Array, output: Output): DecoderStep {
  const step = decoder.step(input);
  if (step.output.length > 0) output(step.output);
  if (step.failure !== undefined) throw corruptData(format, step.failure);
  const isIdle = step.consumed === 0 && step.output.length === 0;
  if (isIdle && input.length > 0 && !step.ended) throw corruptData(format, 'the decoder makes no progress');
  return step;
}

/** Decompresses any number of gzip members (RFC 1952 §2.2), and accepts zeros after the last. */
export class GzipInflater implements Inflater {
  readonly #decoder: SyncDecoder;
  #state: 'member' | 'between' | 'padding' = 'member';

  /** Takes over `decoder` and disposes of it. */
  constructor(decoder: SyncDecoder) {
    this.#decoder = decoder;
  }

  write(input: Uint8Array, output: Output): void {
    let rest = input;
    let mayHoldMore = false;
    while (rest.length > 0 || mayHoldMore) {
      if (this.#state === 'between' && rest.length > 0) {
        this.#state = rest[0] === 0 ? 'padding' : 'member';
        if (this.#state === 'member') this.#decoder.restart();
      }
      if (this.#state === 'padding') {
        expectGzipPadding(rest);
        return;
      }
      const step = advance('gzip', this.#decoder, rest, output);
      rest = rest.subarray(step.consumed);
      mayHoldMore = step.full && !step.ended;
      if (step.ended) this.#state = 'between';
    }
  }

  finish(): void {
    if (this.#state === 'member' && !this.#decoder.complete()) throw unexpectedEnd('gzip');
  }

  [Symbol.dispose](): void {
    this.#decoder[Symbol.dispose]();
  }
}

/** Decompresses any number of zstd frames, each fed to the decoder separately. */
export class ZstdInflater implements Inflater {
  readonly #decoder: SyncDecoder;
  readonly #frames = new ZstdFrames();
  #isWhole = true;

  /** Takes over `decoder` and disposes of it. */
  constructor(decoder: SyncDecoder) {
    this.#decoder = decoder;
  }

  write(input: Uint8Array, output: Output): void {
    this.#isWhole = false;
    for (const run of this.#frames.scan(input)) {
      let rest = run.bytes;
      let mayHoldMore = false;
      while (rest.length > 0 || mayHoldMore) {
        const step = advance('zstd', this.#decoder, rest, output);
        rest = rest.subarray(step.consumed);
        mayHoldMore = step.full;
      }
      if (run.endsFrame) this.#decoder.restart();
    }
    this.#isWhole = true;
  }

  finish(): void {
    if (!this.#isWhole) throw unexpectedEnd('zstd');
    this.#frames.finish();
  }

  [Symbol.dispose](): void {
    this.#decoder[Symbol.dispose]();
  }
}

/** Passes its input on, so that uncompressed data can be handled as compressed data is. */
export class PlainInflater implements Inflater {
  write(input: Uint8Array, output: Output): void {
    if (input.length > 0) output(input);
  }

  finish(): void {}

  [Symbol.dispose](): void {}
}
