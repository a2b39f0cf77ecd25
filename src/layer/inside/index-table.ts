import { corruptIndex } from '../index-file/corrupt.ts';
import type { PlaceEntry } from '../index-file/place-block.ts';
import type { LayerIndex } from '../index-file/reader.ts';
import { entryOfRecord, type LayerEntry } from './layer-entry.ts';
import type { LayerTable } from './layer-table.ts';

/** A layer by its index. Closes the index with itself. */
export class IndexTable implements LayerTable {
  readonly #index: LayerIndex;

  constructor(index: LayerIndex) {
    this.#index = index;
  }

  placesFrom(place: Uint8Array): Iterator<PlaceEntry, void> {
    return this.#index.placesFrom(place);
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
