import { comparePlaces, placeKey } from '../place.ts';
import type { RecordKind } from './record.ts';

/**
 * The places of a layer's records in one piece of memory: some 60 bytes an entry, where strings or arrays would take
 * several hundred.
 */
export class PlaceList {
  #bytes: Uint8Array = new Uint8Array(1 << 16);
  #used = 0;
  #ends: Uint32Array = new Uint32Array(1 << 10);
  #sizes: Float64Array = new Float64Array(1 << 10);
  readonly #kinds: RecordKind[] = [];
  #sorted = true;
  readonly #byPlace = new Map<string, number>();
  #mapped = 0;

  get length(): number {
    return this.#kinds.length;
  }

  /** Adds the next record; `sizeBytes` is what its file counts for. */
  add(place: Uint8Array, kind: RecordKind, sizeBytes: number): void {
    const count = this.#kinds.length;
    if (this.#used + place.length > this.#bytes.length) this.#bytes = grown(this.#bytes, this.#used + place.length);
    if (count === this.#ends.length) {
      const ends = new Uint32Array(count * 2);
      ends.set(this.#ends);
      this.#ends = ends;
      const sizes = new Float64Array(count * 2);
      sizes.set(this.#sizes);
      this.#sizes = sizes;
    }
    this.#bytes.set(place, this.#used);
    this.#used += place.length;
    this.#ends[count] = this.#used;
    this.#sizes[count] = sizeBytes;
    this.#kinds.push(kind);
    if (this.#sorted && count > 0) this.#sorted = comparePlaces(this.place(count - 1), place) <= 0;
  }

  /** A view. */
  place(ordinal: number): Uint8Array {
    return this.#bytes.subarray(ordinal === 0 ? 0 : this.#ends[ordinal - 1], this.#ends[ordinal]);
  }

  kind(ordinal: number): RecordKind {
    return this.#kinds[ordinal] ?? 'ignored';
  }

  sizeBytes(ordinal: number): number {
    return this.#sizes[ordinal] ?? 0;
  }

  /**
   * The last record so far that put something at `place` (deletions put nothing). The first call reads in all records,
   * later ones what was added since: layers without duplicates never pay for a map.
   */
  find(place: Uint8Array): number | undefined {
    for (; this.#mapped < this.length; this.#mapped++) {
      const kind = this.kind(this.#mapped);
      if (kind === 'whiteout' || kind === 'opaque' || kind === 'ignored') continue;
      this.#byPlace.set(placeKey(this.place(this.#mapped)), this.#mapped);
    }
    return this.#byPlace.get(placeKey(place));
  }

  /** Record numbers by place, those of one place in archive order; ignored entries, which have no place, left out. */
  sorted(): Uint32Array {
    const order = new Uint32Array(this.length);
    let count = 0;
    for (let ordinal = 0; ordinal < this.length; ordinal++) {
      if (this.kind(ordinal) !== 'ignored') order[count++] = ordinal;
    }
    const places = order.subarray(0, count);
    return this.#sorted ? places : places.sort((a, b) => this.#compare(a, b) || a - b);
  }

  /** {@link comparePlaces} without making views: sorting 50,000 places compares 800,000 times. */
  #compare(a: number, b: number): number {
    const bytes = this.#bytes;
    let at = a === 0 ? 0 : (this.#ends[a - 1] as number);
    let other = b === 0 ? 0 : (this.#ends[b - 1] as number);
    const end = this.#ends[a] as number;
    const otherEnd = this.#ends[b] as number;
    for (; at < end && other < otherEnd; at++, other++) {
      const left = bytes[at] as number;
      const right = bytes[other] as number;
      if (left !== right) return (left === 0x2f ? 0 : left) - (right === 0x2f ? 0 : right);
    }
    return end - at - (otherEnd - other);
  }
}

function grown(bytes: Uint8Array, needed: number): Uint8Array {
  const larger = new Uint8Array(Math.max(bytes.length * 2, needed));
  larger.set(bytes);
  return larger;
}
