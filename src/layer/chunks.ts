const chunkBytes = 256 << 10;

export interface ChunksOptions {
  /**
   * Reuses one buffer, so that a chunk is valid only until the next one is requested. With a new buffer for every chunk
   * of a large layer, a quarter of the time goes to the garbage collector.
   */
  readonly reuseBuffer?: boolean | undefined;
}

/** Gathers bytes into chunks of 256 KiB. Each belongs to its receiver, unless `reuseBuffer` is set. */
export class Chunks {
  readonly #reuseBuffer: boolean;
  #chunk = newChunk();
  #used = 0;

  constructor({ reuseBuffer = false }: ChunksOptions = {}) {
    this.#reuseBuffer = reuseBuffer;
  }

  /** Adds bytes; yields the chunks that are full. */
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

  /** Has `fill` write `length` bytes, in parts. Returns false, and ends, when `fill` had fewer bytes. */
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

  /** Yields the last chunk, which may be shorter. */
  *rest(): Generator<Uint8Array, void> {
    if (this.#used > 0) yield this.#take(this.#used);
  }

  #take(length: number): Uint8Array {
    const full = this.#chunk.subarray(0, length);
    if (!this.#reuseBuffer) this.#chunk = newChunk();
    this.#used = 0;
    return full;
  }
}

const newChunk = (): Uint8Array => Buffer.allocUnsafeSlow(chunkBytes);
