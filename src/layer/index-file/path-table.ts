import { ByteWriter } from './byte-writer.ts';
import { type BlockInfo, blockTarget } from './format.ts';

const noPlace = new Uint8Array(0);

/** Puts one block of the table into the file. */
export type PackPaths = (block: ByteWriter, position: Pick<BlockInfo, 'first' | 'firstPath'>) => void;

/** The table of places as it is written: told in the order of places, it keeps one block. */
export class PathTable {
  readonly #pack: PackPaths;
  readonly #block = new ByteWriter(blockTarget.paths * 2);
  #count = 0;
  #first = 0;
  #firstPath: Uint8Array = noPlace;
  #previous: Uint8Array = noPlace;

  constructor(pack: PackPaths) {
    this.#pack = pack;
  }

  /** `place` is not to change afterwards. */
  add(path: Uint8Array, ordinal: number): void {
    const block = this.#block;
    if (block.length === 0) {
      this.#first = this.#count;
      this.#firstPath = path.slice();
      this.#previous = noPlace;
    }
    const shared = sharedPrefix(this.#previous, path);
    block.number(ordinal);
    block.number(shared);
    block.bytes(path.subarray(shared));
    this.#previous = path;
    this.#count++;
    if (block.length >= blockTarget.paths) this.end();
  }

  /** Packs what has come since the last block. */
  end(): void {
    if (this.#block.length > 0) this.#pack(this.#block, { first: this.#first, firstPath: this.#firstPath });
  }
}

function sharedPrefix(a: Uint8Array, b: Uint8Array): number {
  const limit = Math.min(a.length, b.length);
  let count = 0;
  while (count < limit && a[count] === b[count]) count++;
  return count;
}
