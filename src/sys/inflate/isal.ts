import { addressOf, openLibrary } from '../ffi.ts';
import { GzipHeader } from './gzip-header.ts';
import { type DecoderMaker, type DecoderStep, outputBytes, type SyncDecoder } from './sync-decoder.ts';

// Offsets in struct inflate_state of isa-l/igzip_lib.h, the same in every release with soname libisal.so.2. The
// structure has 87,368 bytes there; a bigger one would still fit.
const stateBytes = 256 * 1024;
const nextOut = 0;
const availOut = 8;
const nextIn = 16;
const availIn = 32;
const blockState = 21_160;
const crcFlag = 21_172;

// ISAL_GZIP_NO_HDR_VER: deflate data and a trailer to verify. ISA-L loses a header's running checksum between calls and so
// refuses valid members whose header is cut; therefore GzipHeader reads headers.
const gzipWithoutHeader = 6;
const blockFinished = 5;
const nothing = new Uint8Array(0);

const failures: ReadonlyMap<number, string> = new Map([
  [-1, 'invalid deflate block'],
  [-2, 'invalid deflate symbol'],
  [-3, 'invalid distance'],
  [-6, 'incorrect checksum'],
]);

function bind(): {
  readonly init: (state: ArrayBuffer) => void;
  readonly reset: (state: ArrayBuffer) => void;
  readonly inflate: (state: ArrayBuffer) => number;
} {
  const library = openLibrary('libisal.so.2');
  return {
    init: library.declare('isal_inflate_init', 'void', ['pointer']),
    reset: library.declare('isal_inflate_reset', 'void', ['pointer']),
    inflate: library.declare('isal_inflate', 'int32', ['pointer']),
  };
}

/** Decoder on Intel's ISA-L (Debian: libisal2): one gzip member at a time, checksum and length verified. */
class IsalDecoder implements SyncDecoder {
  readonly #isal = bind();
  readonly #state = new ArrayBuffer(stateBytes);
  readonly #fields = new DataView(this.#state);
  readonly #output = new Uint8Array(outputBytes);
  readonly #outputAddress = addressOf(this.#output);
  #header = new GzipHeader();
  #isComplete = false;

  constructor() {
    this.#isal.init(this.#state);
    this.#fields.setUint32(crcFlag, gzipWithoutHeader, true);
  }

  step(input: Uint8Array): DecoderStep {
    if (this.#header.isComplete) return this.#inflate(input);
    const consumed = this.#header.take(input);
    return { consumed, output: nothing, full: false, ended: false, failure: this.#header.failure };
  }

  complete(): boolean {
    return this.#isComplete;
  }

  restart(): void {
    this.#isal.reset(this.#state);
    this.#fields.setUint32(crcFlag, gzipWithoutHeader, true);
    this.#header = new GzipHeader();
    this.#isComplete = false;
  }

  [Symbol.dispose](): void {}

  #inflate(input: Uint8Array): DecoderStep {
    this.#fields.setBigUint64(nextIn, addressOf(input), true);
    this.#fields.setUint32(availIn, input.length, true);
    this.#fields.setBigUint64(nextOut, this.#outputAddress, true);
    this.#fields.setUint32(availOut, outputBytes, true);
    const result = this.#isal.inflate(this.#state);
    const written = outputBytes - this.#fields.getUint32(availOut, true);
    this.#isComplete = result === 0 && this.#fields.getUint32(blockState, true) === blockFinished;
    return {
      consumed: input.length - this.#fields.getUint32(availIn, true),
      output: this.#output.subarray(0, written),
      full: written === outputBytes,
      ended: this.#isComplete,
      failure: result < 0 ? (failures.get(result) ?? `isal_inflate gives ${result}`) : undefined,
    };
  }
}

export const isalDecoder: DecoderMaker = {
  name: 'libisal',
  format: 'gzip',
  speed: 780,
  open: () => new IsalDecoder(),
};
