import { ByteWriter } from './byte-writer.ts';
import { type BlockInfo, blockTarget } from './format.ts';

const noPath = new Uint8Array(0);

/** Writes one block of the table into the file. */
export type PackPaths = (block: ByteWriter, position: Pick<BlockInfo, 'first' | 'firstPath'>) => void;

/** Writes the path table from paths that come in path order; holds one block. */
export class PathTable {
  readonly #pack: PackPaths;
  readonly #block = new ByteWriter(blockTarget.paths * 2);
  #count = 0;
  #first = 0;
  #firstPath: Uint8Array = noPath;
  #previous: Uint8Array = noPath;

  constructor(pack: PackPaths) {
    this.#pack = pack;
  }

  /** Adds a line. The bytes of `path` must not change afterwards. */
  add(path: Uint8Array, ordinal: number): void {
    const block = this.#block;
    if (block.length === 0) {
      this.#first = this.#count;
      this.#firstPath = path.slice();
      this.#previous = noPath;
    }
    const shared = countSharedBytes(this.#previous, path);
    block.number(ordinal);
    block.number(shared);
    block.bytes(path.subarray(shared));
    this.#previous = path;
    this.#count++;
    if (block.length >= blockTarget.paths) this.end();
  }

  /** Packs the lines added since the last block. */
  end(): void {
    if (this.#block.length > 0) this.#pack(this.#block, { first: this.#first, firstPath: this.#firstPath });
  }
}

function countSharedBytes(a: Uint8Array, b: Uint8Array): number {
  const limit = Math.min(a.length, b.length);
  let count = 0;
  while (count < limit && a[count] === b[count]) count++;
  return count;
}
