import { addressOf, openLibrary } from '../ffi.ts';
import { type DecoderMaker, type DecoderStep, outputBytes, type SyncDecoder } from './sync-decoder.ts';

// Offsets in ZSTD_inBuffer and ZSTD_outBuffer of zstd.h: address at 0, then size and position.
const size = 8;
const position = 16;

const windowLogMaxParameter = 100;
const windowLogMax = 27;
const sessionOnly = 1;

function bind(): {
  readonly create: () => bigint;
  readonly setParameter: (context: bigint, parameter: number, value: number) => number | bigint;
  readonly decompress: (context: bigint, output: ArrayBuffer, input: ArrayBuffer) => number | bigint;
  readonly reset: (context: bigint, what: number) => number | bigint;
  readonly isError: (result: number | bigint) => number;
  readonly errorName: (result: number | bigint) => string | null;
  readonly free: (context: bigint) => number | bigint;
} {
  const library = openLibrary('libzstd.so.1');
  return {
    create: library.declare('ZSTD_createDCtx', 'pointer', []),
    setParameter: library.declare('ZSTD_DCtx_setParameter', 'uint64', ['pointer', 'int32', 'int32']),
    decompress: library.declare('ZSTD_decompressStream', 'uint64', ['pointer', 'pointer', 'pointer']),
    reset: library.declare('ZSTD_DCtx_reset', 'uint64', ['pointer', 'int32']),
    isError: library.declare('ZSTD_isError', 'uint32', ['uint64']),
    errorName: library.declare('ZSTD_getErrorName', 'text', ['uint64']),
    free: library.declare('ZSTD_freeDCtx', 'uint64', ['pointer']),
  };
}

/** Decoder on the system's libzstd, in case Node's own is not usable synchronously. */
class LibzstdDecoder implements SyncDecoder {
  readonly #zstd = bind();
  readonly #input = new ArrayBuffer(24);
  readonly #inputFields = new DataView(this.#input);
  readonly #outputBuffer = new ArrayBuffer(24);
  readonly #outputFields = new DataView(this.#outputBuffer);
  readonly #output = new Uint8Array(outputBytes);
  #context: bigint;
  #isComplete = false;

  constructor() {
    this.#context = this.#zstd.create();
    if (this.#context === 0n) throw new Error('ZSTD_createDCtx gives no context');
    this.#zstd.setParameter(this.#context, windowLogMaxParameter, windowLogMax);
    this.#outputFields.setBigUint64(0, addressOf(this.#output), true);
    this.#outputFields.setBigUint64(size, BigInt(outputBytes), true);
  }

  step(input: Uint8Array): DecoderStep {
    this.#inputFields.setBigUint64(0, addressOf(input), true);
    this.#inputFields.setBigUint64(size, BigInt(input.length), true);
    this.#inputFields.setBigUint64(position, 0n, true);
    this.#outputFields.setBigUint64(position, 0n, true);
    const result = this.#zstd.decompress(this.#context, this.#outputBuffer, this.#input);
    const written = Number(this.#outputFields.getBigUint64(position, true));
    const failed = this.#zstd.isError(result) !== 0;
    this.#isComplete = !failed && Number(result) === 0;
    return {
      consumed: Number(this.#inputFields.getBigUint64(position, true)),
      output: this.#output.subarray(0, written),
      full: written === outputBytes,
      ended: this.#isComplete,
      failure: failed ? (this.#zstd.errorName(result) ?? 'unknown error') : undefined,
    };
  }

  complete(): boolean {
    return this.#isComplete;
  }

  restart(): void {
    this.#zstd.reset(this.#context, sessionOnly);
    this.#isComplete = false;
  }

  [Symbol.dispose](): void {
    if (this.#context !== 0n) this.#zstd.free(this.#context);
    this.#context = 0n;
  }
}

export const libzstdDecoder: DecoderMaker = {
  name: 'libzstd',
  format: 'zstd',
  speed: 1120,
  open: () => new LibzstdDecoder(),
};
