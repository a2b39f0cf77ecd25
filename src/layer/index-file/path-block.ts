import { copyInto } from '../../lib/copy-into.ts';
import { comparePaths } from '../tree-path.ts';
import type { ByteReader } from './byte-reader.ts';
import { corruptIndex } from './corrupt-index.ts';

/** One line of the path table. */
export interface PathEntry {
  readonly path: Uint8Array;
  readonly ordinal: number;
}

/** A block of the path table, unpacked for lookups: some 10 bytes a line besides its path. */
export class PathBlock {
  #paths: Uint8Array = new Uint8Array(1 << 16);
  #ends: Uint32Array = new Uint32Array(1 << 10);
  #ordinals: Float64Array = new Float64Array(1 << 10);
  #length = 0;

  /** @throws ERR_INDEX_CORRUPT */
  constructor(input: ByteReader) {
    while (input.left > 0) {
      const ordinal = input.number();
      const shared = input.number();
      this.#add(ordinal, shared, input.bytes());
    }
  }

  get length(): number {
    return this.#length;
  }

  line(at: number): PathEntry {
    return { path: this.#path(at), ordinal: this.#ordinals[at] as number };
  }

  /** Returns the number of the first line that is not before `path`. */
  firstNotBefore(path: Uint8Array): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePaths(this.#path(middle), path) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #add(ordinal: number, shared: number, suffix: Uint8Array): void {
    const at = this.#length;
    const start = this.#endOf(at - 1);
    const previous = this.#endOf(at - 2);
    if (shared > start - previous)
      throw corruptIndex('holds a path that shares more bytes with the one before than that has');
    const end = start + shared + suffix.length;
    while (end > this.#paths.length) this.#paths = copyInto(this.#paths, new Uint8Array(this.#paths.length * 2));
    if (at === this.#ends.length) {
      this.#ends = copyInto(this.#ends, new Uint32Array(at * 2));
      this.#ordinals = copyInto(this.#ordinals, new Float64Array(at * 2));
    }
    this.#paths.copyWithin(start, previous, previous + shared);
    this.#paths.set(suffix, start + shared);
    this.#ends[at] = end;
    this.#ordinals[at] = ordinal;
    this.#length++;
  }

  #endOf(at: number): number {
    return at < 0 ? 0 : (this.#ends[at] as number);
  }

  /** Returns a view. */
  #path(at: number): Uint8Array {
    return this.#paths.subarray(this.#endOf(at - 1), this.#ends[at]);
  }
}
