import type { PathEntry } from '../index-file/path-block.ts';
import type { LayerEntry } from './layer-entry.ts';
import type { LayerTable } from './layer-table.ts';

/** The entries of a layer that come before a given one in its tar: all that exist when that one is unpacked. */
export class EarlierTable implements LayerTable {
  readonly #table: LayerTable;
  readonly #end: number;

  /** Leaves out the entries from number `end` on. Does not close `table`. */
  constructor(table: LayerTable, end: number) {
    this.#table = table;
    this.#end = end;
  }

  pathsFrom(path: Uint8Array): Iterator<PathEntry, void> {
    return this.#earlierFrom(path);
  }

  entry(ordinal: number): LayerEntry {
    return this.#table.entry(ordinal);
  }

  [Symbol.dispose](): void {}

  *#earlierFrom(from: Uint8Array): Generator<PathEntry, void> {
    const paths = this.#table.pathsFrom(from);
    for (let next = paths.next(); next.done !== true; next = paths.next()) {
      if (next.value.ordinal < this.#end) yield next.value;
    }
  }
}
