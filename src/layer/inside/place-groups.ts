import type { PlaceEntry } from '../index-file/place-block.ts';
import { comparePlaces, isInside } from '../place.ts';
import type { FoundEntry, LayerEntry } from './layer-entry.ts';
import type { LayerTable } from './layer-table.ts';

/** All that layers say of one place: the topmost layer first, of one layer in the order of its tar. */
export interface PlaceGroup {
  readonly place: Uint8Array;
  readonly entries: readonly FoundEntry[];
}

// Entries are read in batches: the order of places is not that of the archive, and each block of an index is unpacked
// once a batch. Short lists begin small.
const firstBatch = 64;
const largestBatch = 4096;

interface Line extends PlaceEntry {
  readonly layer: number;
}

/** Merges the tables of layers into one list in path order. Holds a batch of entries. */
export class PlaceGroups {
  readonly #tables: readonly LayerTable[];
  /** In the order of their next lines. */
  #cursors: Cursor[];
  #batch: PlaceGroup[] = [];
  #next = 0;
  #batchSize = firstBatch;

  constructor(tables: readonly LayerTable[], from: Uint8Array) {
    this.#tables = tables;
    this.#cursors = this.#cursorsFrom(from);
  }

  next(): PlaceGroup | undefined {
    if (this.#next === this.#batch.length) this.#fill();
    return this.#batch[this.#next++];
  }

  /** Leaves out everything inside a directory. */
  skip(directory: Uint8Array): void {
    const inside = (group: PlaceGroup | undefined): boolean => group !== undefined && isInside(group.place, directory);
    while (inside(this.#batch[this.#next])) this.#next++;
    if (this.#next < this.#batch.length) return;
    // No name holds a NUL, so this is the first place behind the directory in path order.
    const behind = new Uint8Array([...directory, 1]);
    if (this.#cursors.some(({ line }) => comparePlaces(line.place, behind) < 0)) {
      this.#cursors = this.#cursorsFrom(behind);
    }
  }

  #cursorsFrom(place: Uint8Array): Cursor[] {
    return this.#tables
      .flatMap((table, layer) => Cursor.open(table.placesFrom(place), layer) ?? [])
      .sort(compareCursors);
  }

  #fill(): void {
    const lines = this.#takeLines();
    this.#batchSize = Math.min(this.#batchSize * 2, largestBatch);
    const entries: (LayerEntry | undefined)[] = lines.map(() => undefined);
    const byNumber = lines.map((_, at) => at).sort((a, b) => compareNumbers(lines[a] as Line, lines[b] as Line));
    for (const at of byNumber) {
      const { layer, ordinal } = lines[at] as Line;
      entries[at] = (this.#tables[layer] as LayerTable).entry(ordinal);
    }
    this.#batch = [];
    this.#next = 0;
    let group: FoundEntry[] = [];
    for (const [at, { place, layer }] of lines.entries()) {
      if (at === 0 || comparePlaces(place, (lines[at - 1] as Line).place) !== 0) {
        group = [];
        this.#batch.push({ place, entries: group });
      }
      group.push({ layer, entry: entries[at] as LayerEntry });
    }
  }

  /** The next lines, about as many as a batch has; those of one place stay together. */
  #takeLines(): Line[] {
    const lines: Line[] = [];
    for (let cursor = this.#cursors[0]; cursor; cursor = this.#cursors[0]) {
      const { place, ordinal } = cursor.line;
      const last = lines.at(-1);
      if (lines.length >= this.#batchSize && last && comparePlaces(last.place, place) !== 0) break;
      lines.push({ place, ordinal, layer: cursor.layer });
      this.#advance(cursor);
    }
    return lines;
  }

  /** Mostly one layer has many lines in a row, so that the first cursor stays the first. */
  #advance(first: Cursor): void {
    const cursors = this.#cursors;
    if (!first.advance()) {
      cursors.shift();
      return;
    }
    let at = 0;
    for (let next = cursors[1]; next && compareCursors(first, next) > 0; next = cursors[at + 1]) cursors[at++] = next;
    cursors[at] = first;
  }
}

class Cursor {
  readonly layer: number;
  readonly #places: Iterator<PlaceEntry, void>;
  line: PlaceEntry;

  private constructor(places: Iterator<PlaceEntry, void>, layer: number, line: PlaceEntry) {
    this.#places = places;
    this.layer = layer;
    this.line = line;
  }

  static open(places: Iterator<PlaceEntry, void>, layer: number): Cursor | undefined {
    const first = places.next();
    return first.done === true ? undefined : new Cursor(places, layer, first.value);
  }

  advance(): boolean {
    const next = this.#places.next();
    if (next.done === true) return false;
    this.line = next.value;
    return true;
  }
}

const compareCursors = (a: Cursor, b: Cursor): number => comparePlaces(a.line.place, b.line.place) || b.layer - a.layer;

const compareNumbers = (a: Line, b: Line): number => a.layer - b.layer || a.ordinal - b.ordinal;
