const chunkBytes = 256 << 10;

export interface ChunksOptions {
  /**
   * Each chunk is good until the next is asked for, because all of them lie in one piece of memory: a new one for every
   * chunk of a large layer has the garbage collector busy for a quarter of the time.
   */
  readonly lent?: boolean | undefined;
}

/** Gathers bytes into chunks of one size; each belongs to whoever gets it, unless it is lent. */
export class Chunks {
  readonly #lent: boolean;
  #chunk = newChunk();
  #used = 0;

  constructor({ lent = false }: ChunksOptions = {}) {
    this.#lent = lent;
  }

  *put(bytes: Uint8Array): Generator<Uint8Array, void> {
    let rest = bytes;
    while (rest.length > chunkBytes - this.#used) {
      const fitting = chunkBytes - this.#used;
      this.#chunk.set(rest.subarray(0, fitting), this.#used);
      rest = rest.subarray(fitting);
      yield this.#take(chunkBytes);
    }
    this.#chunk.set(rest, this.#used);
    this.#used += rest.length;
  }

  /** Lets `fill` put `length` bytes in place, in pieces; false when it had fewer, which ends it. */
  *fill(length: number, fill: (into: Uint8Array, done: number) => number): Generator<Uint8Array, boolean> {
    for (let done = 0; done < length; ) {
      if (this.#used === chunkBytes) yield this.#take(chunkBytes);
      const count = Math.min(length - done, chunkBytes - this.#used);
      if (fill(this.#chunk.subarray(this.#used, this.#used + count), done) < count) return false;
      this.#used += count;
      done += count;
    }
    return true;
  }

  *rest(): Generator<Uint8Array, void> {
    if (this.#used > 0) yield this.#take(this.#used);
  }

  #take(length: number): Uint8Array {
    const full = this.#chunk.subarray(0, length);
    if (!this.#lent) this.#chunk = newChunk();
    this.#used = 0;
    return full;
  }
}

const newChunk = (): Uint8Array => Buffer.allocUnsafeSlow(chunkBytes);
