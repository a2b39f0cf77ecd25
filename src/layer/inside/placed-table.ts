import { ByteArena } from '../../lib/byte-arena.ts';
import { invariant } from '../../lib/invariant.ts';
import { ByteReader } from '../index-file/byte-reader.ts';
import { ByteWriter } from '../index-file/byte-writer.ts';
import type { PlaceEntry } from '../index-file/place-block.ts';
import { PlaceList } from '../index-file/place-list.ts';
import { decodeRecord, encodeRecord } from '../index-file/record-codec.ts';
import { comparePlaces } from '../place.ts';
import { entryOfRecord, type LayerEntry } from './layer-entry.ts';
import { LayerPlacer } from './layer-placer.ts';
import type { LayerTable } from './layer-table.ts';
import type { MergedLayers } from './merged-layers.ts';

const nowhere = new Uint8Array(0);

/**
 * A layer of which there is no index, or none that fits the layers below: its entries are put where they lead, as unpacking
 * would, and kept in memory, some 100 bytes each besides their names.
 */
export class PlacedTable implements LayerTable {
  readonly #placer: LayerPlacer;
  readonly #places = new PlaceList();
  readonly #records = new ByteArena();
  readonly #addresses: number[] = [];
  readonly #lengths: number[] = [];
  readonly #writer = new ByteWriter(1 << 10);
  #order: Uint32Array | undefined;

  constructor(below: MergedLayers) {
    this.#placer = new LayerPlacer(below);
  }

  /** Adds the next entry of the tar, which stands where its path says. */
  add(entry: LayerEntry): void {
    // Entries that mean nothing have numbers, too.
    while (this.#places.length < entry.ordinal) this.#push(nowhere, 'ignored', nowhere);
    invariant(this.#places.length === entry.ordinal, 'entries come in the order of their tar');
    const place = this.#placer.place(entry);
    this.#push(place, entry.kind, this.#encoded(entry, place));
  }

  placesFrom(place: Uint8Array): Iterator<PlaceEntry, void> {
    return this.#linesFrom(place);
  }

  entry(ordinal: number): LayerEntry {
    const bytes = this.#records.bytes(this.#addresses[ordinal] ?? 0, this.#lengths[ordinal] ?? 0);
    const record = { ...decodeRecord(new ByteReader(bytes), 0), ordinal, offset: 0, shadowed: false };
    const entry = entryOfRecord(record);
    invariant(entry, 'only entries that mean something have a line');
    return entry;
  }

  [Symbol.dispose](): void {}

  *#linesFrom(place: Uint8Array): Generator<PlaceEntry, void> {
    this.#order ??= Uint32Array.from(this.#places.sorted());
    const order = this.#order;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePlaces(this.#places.place(order[middle] as number), place) < 0) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < order.length; at++) {
      const ordinal = order[at] as number;
      yield { place: this.#places.place(ordinal), ordinal };
    }
  }

  #push(place: Uint8Array, kind: LayerEntry['kind'] | 'ignored', record: Uint8Array): void {
    this.#places.add(place, kind, 0);
    this.#addresses.push(this.#records.add(record));
    this.#lengths.push(record.length);
  }

  #encoded(entry: LayerEntry, place: Uint8Array): Uint8Array {
    const { sparse, sizeBytes } = entry;
    const storedSizeBytes = sparse ? sparse.reduce((total, run) => total + run.length, 0) : sizeBytes;
    encodeRecord(
      this.#writer,
      { ...entry, place, typeflag: 0, storedSizeBytes, body: 'none', xattrsStripped: false },
      { headerBytes: 0, paddingBytes: 0, rawGap: 0, codedBodyBytes: 0, codedPaddingBytes: 0 },
    );
    return this.#writer.take();
  }
}
