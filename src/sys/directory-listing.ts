import { copyInto } from '../lib/copy-into.ts';
import type { FileType } from './stat.ts';

export interface DirectoryEntry {
  readonly name: Uint8Array;
  readonly type: FileType;
}

const types: readonly FileType[] = [
  'unknown',
  'file',
  'directory',
  'symlink',
  'character-device',
  'block-device',
  'fifo',
  'socket',
];

/**
 * Entries of a directory in one block of memory: for each entry a byte for its type, its name, and a NUL. With an object each,
 * 200,000 names would take eight times as much.
 */
export class DirectoryListing implements Iterable<DirectoryEntry> {
  #bytes: Uint8Array;
  #used = 0;
  #starts: Uint32Array;
  #length = 0;

  /** Allocates memory for about that many bytes of names and that many entries; it grows as needed. */
  constructor(bytes: number, entries: number) {
    this.#bytes = new Uint8Array(bytes);
    this.#starts = new Uint32Array(entries);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds the name between two offsets of `from`. */
  add(type: FileType, from: Uint8Array, start: number, end: number): void {
    const needed = this.#used + end - start + 2;
    if (needed > this.#bytes.length)
      this.#bytes = copyInto(this.#bytes, new Uint8Array(Math.max(needed, this.#bytes.length * 2)));
    if (this.#length === this.#starts.length)
      this.#starts = copyInto(this.#starts, new Uint32Array(this.#length * 2 + 1));
    const bytes = this.#bytes;
    let at = this.#used;
    this.#starts[this.#length++] = at;
    bytes[at++] = types.indexOf(type);
    for (let index = start; index < end; index++) bytes[at++] = from[index] as number;
    bytes[at++] = 0;
    this.#used = at;
  }

  /** Sorts the entries by the bytes of their names. Call it before reading them. */
  sort(): this {
    this.#starts = this.#starts.subarray(0, this.#length).sort((a, b) => this.#compare(a, b));
    return this;
  }

  [Symbol.iterator](): Generator<DirectoryEntry, void> {
    return this.values();
  }

  *values(): Generator<DirectoryEntry, void> {
    for (let index = 0; index < this.#length; index++) {
      const start = this.#starts[index] as number;
      const name = this.#bytes.slice(start + 1, this.#bytes.indexOf(0, start + 1));
      yield { name, type: types[this.#bytes[start] as number] as FileType };
    }
  }

  /** Yields the names of the entries. */
  *names(): Generator<Uint8Array, void> {
    for (const { name } of this.values()) yield name;
  }

  #compare(a: number, b: number): number {
    const bytes = this.#bytes;
    for (let at = a + 1, other = b + 1; ; at++, other++) {
      const left = bytes[at] as number;
      const right = bytes[other] as number;
      if (left !== right || left === 0) return left - right;
    }
  }
}
