import { corruptIndex } from '../index-file/corrupt-index.ts';
import type { LayerIndex } from '../index-file/layer-index.ts';
import type { PathEntry } from '../index-file/path-block.ts';
import { entryOfRecord, type LayerEntry } from './layer-entry.ts';
import type { LayerTable } from './layer-table.ts';

/** The entries of a layer, read from its index. Closes the index when disposed. */
export class IndexTable implements LayerTable {
  readonly #index: LayerIndex;

  constructor(index: LayerIndex) {
    this.#index = index;
  }

  pathsFrom(path: Uint8Array): Iterator<PathEntry, void> {
    return this.#index.pathsFrom(path);
  }

  entry(ordinal: number): LayerEntry {
    const record = this.#index.record(ordinal);
    const entry = record && entryOfRecord(record);
    if (entry === undefined) throw corruptIndex('names a record it does not hold');
    return entry;
  }

  [Symbol.dispose](): void {
    this.#index[Symbol.dispose]();
  }
}
