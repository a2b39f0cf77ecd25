import zlib from 'node:zlib';
import type { DecoderMaker, DecoderStep, SyncDecoder } from './types.ts';

const outputBytes = 256 * 1024;
const nothing = new Uint8Array(0);

// A private interface, because node:zlib has no synchronous streaming. Its shape is checked here, and a fixed vector tests a
// decoder before it is chosen; where either check fails, another decoder is used.
interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void;
}

function internalsOf(stream: zlib.Gunzip | zlib.ZstdDecompress): { handle: Handle; state: Uint32Array } {
  const { _handle: handle, _writeState: state } = stream as { _handle?: Partial<Handle>; _writeState?: unknown };
  if (typeof handle?.writeSync !== 'function' || !(state instanceof Uint32Array) || state.length < 2) {
    throw new Error('node:zlib has changed inside');
  }
  return { handle: handle as Handle, state };
}

/** Decoder on Node's own zlib or zstd, driven through the stream's handle. It moves to the next gzip member by itself. */
class NodeDecoder implements SyncDecoder {
  readonly #stream: zlib.Gunzip | zlib.ZstdDecompress;
  readonly #handle: Handle;
  readonly #state: Uint32Array;
  readonly #output = new Uint8Array(outputBytes);
  readonly #finishFlag: number;

  constructor(stream: zlib.Gunzip | zlib.ZstdDecompress, finishFlag: number) {
    this.#stream = stream;
    this.#finishFlag = finishFlag;
    const { handle, state } = internalsOf(stream);
    this.#handle = handle;
    this.#state = state;
    // The failure is read from the stream after each call, so the event that follows is ignored.
    stream.on('error', () => {});
  }

  step(input: Uint8Array): DecoderStep {
    return this.#call(0, input);
  }

  complete(): boolean {
    const { failure, output } = this.#call(this.#finishFlag, nothing);
    return failure === undefined && output.length === 0;
  }

  restart(): void {}

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }

  #call(flush: number, input: Uint8Array): DecoderStep {
    // A failed handle is closed, and writing to a closed handle aborts the process.
    if (!this.#stream.destroyed) {
      this.#handle.writeSync(flush, input, 0, input.length, this.#output, 0, outputBytes);
    }
    if (this.#stream.destroyed) {
      const failure = this.#stream.errored?.message ?? 'the decoder is closed';
      return { consumed: 0, output: nothing, full: false, ended: false, failure };
    }
    const [outputLeft = 0, inputLeft = 0] = this.#state;
    const full = outputLeft === 0;
    return {
      consumed: input.length - inputLeft,
      output: this.#output.subarray(0, outputBytes - outputLeft),
      full,
      // zlib leaves input while the output has space only when a member has ended and no other member follows.
      ended: inputLeft > 0 && !full,
      failure: undefined,
    };
  }
}

/** Decoders that every Node has, for machines without a faster one. */
export const nodeDecoders: readonly DecoderMaker[] = [
  {
    name: 'node-zlib',
    format: 'gzip',
    speed: 580,
    open: () => new NodeDecoder(zlib.createGunzip(), zlib.constants.Z_FINISH),
  },
  {
    name: 'node-zstd',
    format: 'zstd',
    speed: 1130,
    open: () =>
      new NodeDecoder(
        zlib.createZstdDecompress({ params: { [zlib.constants.ZSTD_d_windowLogMax]: 27 } }),
        zlib.constants.ZSTD_e_end,
      ),
  },
];
