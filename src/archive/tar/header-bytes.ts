const slabBytes = 64 << 10;

/**
 * Collects the bytes in front of a body. Returned slices are never overwritten, so callers may keep them. Many small headers
 * share one slab, because one allocation for each would cost more than parsing it.
 */
export class HeaderBytes {
  #slab: Uint8Array = new Uint8Array(slabBytes);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(chunk: Uint8Array, from: number, count: number): void {
    if (this.#end + count > this.#slab.length) this.#grow(count);
    const slab = this.#slab;
    const end = this.#end;
    if (count < 32) for (let i = 0; i < count; i++) slab[end + i] = chunk[from + i] as number;
    else slab.set(from === 0 && count === chunk.length ? chunk : chunk.subarray(from, from + count), end);
    this.#end = end + count;
  }

  /** Returns the last `count` bytes collected. */
  tail(count: number): Uint8Array {
    return this.#slab.subarray(this.#end - count, this.#end);
  }

  /** Removes and returns the first `count` bytes, all by default. */
  take(count: number = this.#end - this.#start): Uint8Array {
    const start = this.#start;
    this.#start += count;
    return this.#slab.subarray(start, start + count);
  }

  #grow(count: number): void {
    const held = this.#slab.subarray(this.#start, this.#end);
    this.#slab = new Uint8Array(Math.max(slabBytes, (held.length + count) * 2));
    this.#slab.set(held);
    this.#start = 0;
    this.#end = held.length;
  }
}
