import { ByteArena } from '../../lib/byte-arena.ts';
import { copyInto } from '../../lib/copy-into.ts';
import { comparePaths, pathKey } from '../tree-path.ts';
import { type RecordKind, recordKinds } from './entry-record.ts';

// A path takes some 100 bytes as text in a map.
const maxMapped = 1 << 14;
// Kinds of entries that make no node.
const withoutNode = new Set((['whiteout', 'opaque', 'ignored'] as const).map((kind) => recordKinds.indexOf(kind)));
const ignored = recordKinds.indexOf('ignored');

/**
 * The tree paths of a layer's records, added in any order, to be found and sorted: some 20 bytes an entry besides its
 * path, where strings or arrays would take several hundred.
 */
export class PathList {
  readonly #bytes = new ByteArena();
  #length = 0;
  #starts: Uint32Array = new Uint32Array(1 << 10);
  #lengths: Uint16Array = new Uint16Array(1 << 10);
  #kinds: Uint8Array = new Uint8Array(1 << 10);
  #sizes: Float64Array = new Float64Array(1 << 10);
  #isAscending = true;
  /** Numbers of the first {@link #ordered} records by path, those of one path in archive order. */
  #order: Uint32Array = new Uint32Array(0);
  #ordered = 0;
  /** The last of the records behind those in {@link #order} that made a node, by path; filled by {@link find}. */
  readonly #lastAt = new Map<string, number>();
  #mapped = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds the next record; `sizeBytes` is the logical size of its file, else 0. */
  add(path: Uint8Array, kind: RecordKind, sizeBytes: number): void {
    const at = this.#length;
    if (at === this.#starts.length) this.#grow();
    this.#starts[at] = this.#bytes.add(path);
    this.#lengths[at] = path.length;
    this.#kinds[at] = recordKinds.indexOf(kind);
    this.#sizes[at] = sizeBytes;
    this.#length++;
    if (this.#isAscending && at > 0) this.#isAscending = this.#compare(at - 1, at) <= 0;
  }

  /** Returns a view. */
  path(ordinal: number): Uint8Array {
    return this.#bytes.bytes(this.#starts[ordinal] as number, this.#lengths[ordinal] as number);
  }

  kind(ordinal: number): RecordKind {
    return recordKinds[this.#kinds[ordinal] as number] ?? 'ignored';
  }

  sizeBytes(ordinal: number): number {
    return this.#sizes[ordinal] ?? 0;
  }

  /**
   * Returns the last record so far that made a node at `path`; deletions make none. The first call sorts all records,
   * later calls add the new ones: a layer without duplicates needs neither.
   */
  find(path: Uint8Array): number | undefined {
    if (this.#length - this.#ordered > maxMapped) this.#orderAll();
    for (; this.#mapped < this.#length; this.#mapped++) {
      if (withoutNode.has(this.#kinds[this.#mapped] as number)) continue;
      this.#lastAt.set(pathKey(this.path(this.#mapped)), this.#mapped);
    }
    return this.#lastAt.get(pathKey(path)) ?? this.#findOrdered(path);
  }

  /** Yields record numbers in path order, those of one path in archive order, without ignored entries. */
  *inPathOrder(): Generator<number, void> {
    // Most archives are in path order and need no second list of a million numbers.
    if (!this.#isAscending) this.#orderAll();
    for (let at = 0; at < this.#length; at++) {
      const ordinal = this.#isAscending ? at : (this.#order[at] as number);
      if (this.#kinds[ordinal] !== ignored) yield ordinal;
    }
  }

  #grow(): void {
    const size = this.#length * 2;
    this.#starts = copyInto(this.#starts, new Uint32Array(size));
    this.#lengths = copyInto(this.#lengths, new Uint16Array(size));
    this.#kinds = copyInto(this.#kinds, new Uint8Array(size));
    this.#sizes = copyInto(this.#sizes, new Float64Array(size));
  }

  #findOrdered(path: Uint8Array): number | undefined {
    let low = 0;
    let high = this.#ordered;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePaths(this.path(this.#order[middle] as number), path) <= 0) low = middle + 1;
      else high = middle;
    }
    for (let at = low - 1; at >= 0; at--) {
      const ordinal = this.#order[at] as number;
      if (comparePaths(this.path(ordinal), path) !== 0) return undefined;
      if (!withoutNode.has(this.#kinds[ordinal] as number)) return ordinal;
    }
    return undefined;
  }

  /** Sorts the records added since the last call, and merges them in. */
  #orderAll(): void {
    const added = Uint32Array.from({ length: this.#length - this.#ordered }, (_, index) => this.#ordered + index);
    if (!this.#isAscending) added.sort((a, b) => this.#compare(a, b) || a - b);
    this.#order = this.#ordered === 0 ? added : this.#mergeOrders(this.#order, added);
    this.#ordered = this.#length;
    this.#mapped = this.#length;
    this.#lastAt.clear();
  }

  /** Merges two ordered lists; all of `later` came after all of `earlier` in the archive. */
  #mergeOrders(earlier: Uint32Array, later: Uint32Array): Uint32Array {
    const merged = new Uint32Array(earlier.length + later.length);
    let left = 0;
    let right = 0;
    for (let at = 0; at < merged.length; at++) {
      const isLeft =
        right === later.length ||
        (left < earlier.length && this.#compare(earlier[left] as number, later[right] as number) <= 0);
      merged[at] = (isLeft ? earlier[left++] : later[right++]) as number;
    }
    return merged;
  }

  /** Does {@link comparePaths} without creating views: sorting 50,000 paths compares 800,000 times. */
  #compare(a: number, b: number): number {
    const start = this.#starts[a] as number;
    const otherStart = this.#starts[b] as number;
    const bytes = this.#bytes.chunk(start);
    const others = this.#bytes.chunk(otherStart);
    const length = this.#lengths[a] as number;
    const otherLength = this.#lengths[b] as number;
    let at = this.#bytes.offset(start);
    let other = this.#bytes.offset(otherStart);
    for (const end = at + Math.min(length, otherLength); at < end; at++, other++) {
      const left = bytes[at] as number;
      const right = others[other] as number;
      if (left !== right) return (left === 0x2f ? 0 : left) - (right === 0x2f ? 0 : right);
    }
    return length - otherLength;
  }
}
