import type { PathEntry } from '../index-file/path-block.ts';
import { comparePaths, isInside } from '../tree-path.ts';
import type { FoundEntry, LayerEntry } from './layer-entry.ts';
import type { LayerTable } from './layer-table.ts';

/** The entries of all layers at one path: the topmost layer first, those of one layer in the order of its tar. */
export interface PathGroup {
  readonly path: Uint8Array;
  readonly entries: readonly FoundEntry[];
}

// Entries are read in batches: path order is not the order of the archive, and each block of an index is unpacked once
// per batch. The first batch is small, for short lists.
const firstBatch = 64;
const largestBatch = 4096;

interface LayerLine extends PathEntry {
  readonly layer: number;
}

/** Merges the tables of layers into one list in path order. Holds one batch of entries. */
export class PathGroups {
  readonly #tables: readonly LayerTable[];
  /** Cursors in the order of their next lines. */
  #cursors: Cursor[];
  #batch: PathGroup[] = [];
  #next = 0;
  #batchSize = firstBatch;

  constructor(tables: readonly LayerTable[], from: Uint8Array) {
    this.#tables = tables;
    this.#cursors = this.#cursorsFrom(from);
  }

  /** Returns the next group; undefined after the last one. */
  next(): PathGroup | undefined {
    if (this.#next === this.#batch.length) this.#fill();
    return this.#batch[this.#next++];
  }

  /** Skips the rest of a directory. */
  skip(directory: Uint8Array): void {
    const inside = (group: PathGroup | undefined): boolean => group !== undefined && isInside(group.path, directory);
    while (inside(this.#batch[this.#next])) this.#next++;
    if (this.#next < this.#batch.length) return;
    // No name holds a NUL, so this is the first path behind the directory in path order.
    const behind = new Uint8Array([...directory, 1]);
    if (this.#cursors.some(({ line }) => comparePaths(line.path, behind) < 0)) {
      this.#cursors = this.#cursorsFrom(behind);
    }
  }

  #cursorsFrom(path: Uint8Array): Cursor[] {
    return this.#tables.flatMap((table, layer) => Cursor.open(table.pathsFrom(path), layer) ?? []).sort(compareCursors);
  }

  #fill(): void {
    const lines = this.#takeLines();
    this.#batchSize = Math.min(this.#batchSize * 2, largestBatch);
    const entries: (LayerEntry | undefined)[] = lines.map(() => undefined);
    const byNumber = lines
      .map((_, at) => at)
      .sort((a, b) => compareNumbers(lines[a] as LayerLine, lines[b] as LayerLine));
    for (const at of byNumber) {
      const { layer, ordinal } = lines[at] as LayerLine;
      entries[at] = (this.#tables[layer] as LayerTable).entry(ordinal);
    }
    this.#batch = [];
    this.#next = 0;
    let group: FoundEntry[] = [];
    for (const [at, { path, layer }] of lines.entries()) {
      if (at === 0 || comparePaths(path, (lines[at - 1] as LayerLine).path) !== 0) {
        group = [];
        this.#batch.push({ path, entries: group });
      }
      group.push({ layer, entry: entries[at] as LayerEntry });
    }
  }

  /** Takes the next lines, about as many as a batch has; those of one path stay together. */
  #takeLines(): LayerLine[] {
    const lines: LayerLine[] = [];
    for (let cursor = this.#cursors[0]; cursor; cursor = this.#cursors[0]) {
      const { path, ordinal } = cursor.line;
      const last = lines.at(-1);
      if (lines.length >= this.#batchSize && last && comparePaths(last.path, path) !== 0) break;
      lines.push({ path, ordinal, layer: cursor.layer });
      this.#advance(cursor);
    }
    return lines;
  }

  /** Moves the first cursor on, and restores the order. Mostly one layer has many lines in a row, and it stays the first. */
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
  readonly #paths: Iterator<PathEntry, void>;
  line: PathEntry;

  private constructor(paths: Iterator<PathEntry, void>, layer: number, line: PathEntry) {
    this.#paths = paths;
    this.layer = layer;
    this.line = line;
  }

  static open(paths: Iterator<PathEntry, void>, layer: number): Cursor | undefined {
    const first = paths.next();
    return first.done === true ? undefined : new Cursor(paths, layer, first.value);
  }

  advance(): boolean {
    const next = this.#paths.next();
    if (next.done === true) return false;
    this.line = next.value;
    return true;
  }
}

const compareCursors = (a: Cursor, b: Cursor): number => comparePaths(a.line.path, b.line.path) || b.layer - a.layer;

const compareNumbers = (a: LayerLine, b: LayerLine): number => a.layer - b.layer || a.ordinal - b.ordinal;
