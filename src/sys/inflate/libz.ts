import { utf8 } from '../../lib/bytes.ts';
import { addressOf, openLibrary } from '../ffi.ts';
import { type DecoderMaker, type DecoderStep, outputBytes, type SyncDecoder } from './sync-decoder.ts';

// Offsets in struct z_stream of zlib.h with 64-bit pointers. Its address must not change: zlib's state points back at it.
const streamBytes = 112;
const nextIn = 0;
const availIn = 8;
const nextOut = 24;
const availOut = 32;

const noFlush = 0;
const streamEnd = 1;
const bufferError = -5;
// Window of 32 KiB, with a gzip wrapper.
const gzipWindowBits = 15 + 16;

function bind(): {
  readonly init: (stream: ArrayBuffer, windowBits: number, version: Uint8Array, streamBytes: number) => number;
  readonly inflate: (stream: ArrayBuffer, flush: number) => number;
  readonly reset: (stream: ArrayBuffer) => number;
  readonly end: (stream: ArrayBuffer) => number;
} {
  const library = openLibrary('libz.so.1');
  return {
    init: library.declare('inflateInit2_', 'int32', ['pointer', 'int32', 'pointer', 'int32']),
    inflate: library.declare('inflate', 'int32', ['pointer', 'int32']),
    reset: library.declare('inflateReset', 'int32', ['pointer']),
    end: library.declare('inflateEnd', 'int32', ['pointer']),
  };
}

/** Decoder on the system's zlib: one gzip member at a time, checksum and length verified. */
class LibzDecoder implements SyncDecoder {
  readonly #zlib = bind();
  readonly #stream = new ArrayBuffer(streamBytes);
  readonly #fields = new DataView(this.#stream);
  readonly #output = new Uint8Array(outputBytes);
  readonly #outputAddress = addressOf(this.#output);
  #isComplete = false;
  #isOpen = false;

  constructor() {
    // zlib compares only the first digit of the version.
    const result = this.#zlib.init(this.#stream, gzipWindowBits, utf8('1.2.11\0'), streamBytes);
    if (result !== 0) throw new Error(`inflateInit2_ gives ${result}`);
    this.#isOpen = true;
  }

  step(input: Uint8Array): DecoderStep {
    this.#fields.setBigUint64(nextIn, addressOf(input), true);
    this.#fields.setUint32(availIn, input.length, true);
    this.#fields.setBigUint64(nextOut, this.#outputAddress, true);
    this.#fields.setUint32(availOut, outputBytes, true);
    const result = this.#zlib.inflate(this.#stream, noFlush);
    const written = outputBytes - this.#fields.getUint32(availOut, true);
    this.#isComplete = result === streamEnd;
    // A buffer error means only that there was nothing to do.
    const isFine = result === 0 || result === streamEnd || result === bufferError;
    return {
      consumed: input.length - this.#fields.getUint32(availIn, true),
      output: this.#output.subarray(0, written),
      full: written === outputBytes,
      ended: this.#isComplete,
      failure: isFine ? undefined : `inflate gives ${result}`,
    };
  }

  complete(): boolean {
    return this.#isComplete;
  }

  restart(): void {
    this.#zlib.reset(this.#stream);
    this.#isComplete = false;
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.#zlib.end(this.#stream);
    this.#isOpen = false;
  }
}

export const libzDecoder: DecoderMaker = { name: 'libz', format: 'gzip', speed: 370, open: () => new LibzDecoder() };
