import { invariant } from './invariant.ts';

// Small enough that the first costs nothing, large enough that there are few.
const pieceShift = 16;
const pieceBytes = 1 << pieceShift;
const largestAddress = 0xffff_ffff;

/** Many small pieces of bytes in a few large ones: an array each would take a hundred bytes more. */
export class ByteArena {
  readonly #pieces: Uint8Array[] = [];
  #used = pieceBytes;

  /** Copies `bytes` in; returns their address, which fits 32 bits. */
  add(bytes: Uint8Array): number {
    const { length } = bytes;
    if (this.#used + length >= pieceBytes) {
      this.#pieces.push(new Uint8Array(Math.max(pieceBytes, length)));
      this.#used = 0;
    }
    const at = (this.#pieces.length - 1) * pieceBytes + this.#used;
    invariant(at <= largestAddress, 'an arena holds less than 4 GiB');
    this.piece(at).set(bytes, this.#used);
    this.#used += length;
    return at;
  }

  /** A view of what was added. */
  bytes(at: number, length: number): Uint8Array {
    const offset = this.offset(at);
    return this.piece(at).subarray(offset, offset + length);
  }

  /** The piece in which an address is, for loops in which views cost too much. */
  piece(at: number): Uint8Array {
    return this.#pieces[at >>> pieceShift] as Uint8Array;
  }

  /** Where in its piece an address is. */
  offset(at: number): number {
    return at & (pieceBytes - 1);
  }
}
