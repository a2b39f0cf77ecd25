import { ByteArena } from '../../lib/byte-arena.ts';
import { invariant } from '../../lib/invariant.ts';
import { ByteReader } from '../index-file/byte-reader.ts';
import { ByteWriter } from '../index-file/byte-writer.ts';
import type { PathEntry } from '../index-file/path-block.ts';
import { PathList } from '../index-file/path-list.ts';
import { decodeRecord, encodeRecord } from '../index-file/record-codec.ts';
import { comparePaths } from '../tree-path.ts';
import { EntryResolver } from './entry-resolver.ts';
import { entryOfRecord, type LayerEntry } from './layer-entry.ts';
import type { LayerTable } from './layer-table.ts';
import type { MergedLayers } from './merged-layers.ts';

const nowhere = new Uint8Array(0);

/**
 * The entries of a layer that has no index, or no index for the layers below: their paths are resolved as unpacking would,
 * and the entries are kept in memory, some 100 bytes each besides their names.
 */
export class MemoryTable implements LayerTable {
  readonly #resolver: EntryResolver;
  readonly #paths = new PathList();
  readonly #records = new ByteArena();
  readonly #addresses: number[] = [];
  readonly #lengths: number[] = [];
  readonly #writer = new ByteWriter(1 << 10);
  #order: Uint32Array | undefined;

  constructor(below: MergedLayers) {
    this.#resolver = new EntryResolver(below);
  }

  /** Adds the next entry of the tar, with its path not resolved yet. */
  add(entry: LayerEntry): void {
    // Entries without effect have numbers too.
    while (this.#paths.length < entry.ordinal) this.#push(nowhere, 'ignored', nowhere);
    invariant(this.#paths.length === entry.ordinal, 'entries come in the order of their tar');
    const path = this.#resolver.resolve(entry);
    this.#push(path, entry.kind, this.#encode(entry, path));
  }

  pathsFrom(path: Uint8Array): Iterator<PathEntry, void> {
    return this.#linesFrom(path);
  }

  entry(ordinal: number): LayerEntry {
    const bytes = this.#records.bytes(this.#addresses[ordinal] ?? 0, this.#lengths[ordinal] ?? 0);
    const record = { ...decodeRecord(new ByteReader(bytes), 0), ordinal, offset: 0, shadowed: false };
    const entry = entryOfRecord(record);
    invariant(entry, 'only entries with an effect have a line');
    return entry;
  }

  [Symbol.dispose](): void {}

  *#linesFrom(path: Uint8Array): Generator<PathEntry, void> {
    this.#order ??= Uint32Array.from(this.#paths.inPathOrder());
    const order = this.#order;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePaths(this.#paths.path(order[middle] as number), path) < 0) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < order.length; at++) {
      const ordinal = order[at] as number;
      yield { path: this.#paths.path(ordinal), ordinal };
    }
  }

  #push(path: Uint8Array, kind: LayerEntry['kind'] | 'ignored', record: Uint8Array): void {
    this.#paths.add(path, kind, 0);
    this.#addresses.push(this.#records.add(record));
    this.#lengths.push(record.length);
  }

  #encode(entry: LayerEntry, treePath: Uint8Array): Uint8Array {
    const { sparse, sizeBytes } = entry;
    const storedSizeBytes = sparse ? sparse.reduce((total, run) => total + run.length, 0) : sizeBytes;
    encodeRecord(
      this.#writer,
      { ...entry, treePath, typeflag: 0, storedSizeBytes, body: 'none', xattrsStripped: false },
      { headerBytes: 0, paddingBytes: 0, rawGap: 0, codedBodyBytes: 0, codedPaddingBytes: 0 },
    );
    return this.#writer.take();
  }
}
