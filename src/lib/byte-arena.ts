import { invariant } from './invariant.ts';

// 64 KiB: the first chunk costs next to nothing, and few are needed.
const chunkShift = 16;
const chunkBytes = 1 << chunkShift;
const largestAddress = 0xffff_ffff;

/** Stores many short byte strings in a few large chunks. An array for each would take a hundred bytes more. */
export class ByteArena {
  readonly #chunks: Uint8Array[] = [];
  #used = chunkBytes;

  /** Copies `bytes` into the arena and returns their address, which fits 32 bits. */
  add(bytes: Uint8Array): number {
    const { length } = bytes;
    if (this.#used + length >= chunkBytes) {
      this.#chunks.push(new Uint8Array(Math.max(chunkBytes, length)));
      this.#used = 0;
    }
    const at = (this.#chunks.length - 1) * chunkBytes + this.#used;
    invariant(at <= largestAddress, 'an arena holds less than 4 GiB');
    this.chunk(at).set(bytes, this.#used);
    this.#used += length;
    return at;
  }

  /** Returns a view of the bytes at an address that {@link add} returned. */
  bytes(at: number, length: number): Uint8Array {
    const offset = this.offset(at);
    return this.chunk(at).subarray(offset, offset + length);
  }

  /** Returns the chunk that holds an address, for loops in which views cost too much. */
  chunk(at: number): Uint8Array {
    return this.#chunks[at >>> chunkShift] as Uint8Array;
  }

  /** Returns the offset of an address in its chunk. */
  offset(at: number): number {
    return at & (chunkBytes - 1);
  }
}
