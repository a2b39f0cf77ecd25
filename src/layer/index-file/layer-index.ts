import { copyInto } from '../../lib/copy-into.ts';
import { RecentlyUsed } from '../../lib/recently-used.ts';
import { comparePaths, isInside } from '../tree-path.ts';
import { BlockFile } from './block-file.ts';
import { ByteReader } from './byte-reader.ts';
import { corruptIndex } from './corrupt-index.ts';
import type { EntryRecord, RawSpan } from './entry-record.ts';
import type { Amendment, BlockInfo, IndexSummary } from './format.ts';
import { PathBlock, type PathEntry } from './path-block.ts';
import { decodeRecord } from './record-codec.ts';

/** A record with the position of its raw bytes: all that making the tar again needs. */
export interface RecordSpan {
  readonly record: EntryRecord;
  readonly span: RawSpan;
  /** Position of a body that was saved after its record was written; undefined for one that follows its header. */
  readonly saved: { readonly offset: number; readonly bodyBytes: number } | undefined;
}

// Some 50 KiB each.
const cachedStarts = 64;
// Some 100 KiB each.
const cachedPathBlocks = 64;

/**
 * An open layer index. Calls are synchronous and read a few blocks of 32 to 256 KiB each. Any call throws
 * ERR_INDEX_CORRUPT when the file is damaged.
 */
export class LayerIndex implements Disposable {
  readonly #file: BlockFile;
  readonly #records: readonly BlockInfo[];
  readonly #raw: readonly BlockInfo[];
  readonly #paths: readonly BlockInfo[];
  readonly #amendments: ReadonlyMap<number, Amendment>;
  readonly #starts = new RecentlyUsed<BlockInfo, RecordStarts>(cachedStarts);
  readonly #unpackedPaths = new RecentlyUsed<BlockInfo, PathBlock>(cachedPathBlocks);

  /** @throws ERR_INDEX_CORRUPT, ERR_INDEX_VERSION, or the error of opening the file */
  static open(path: string): LayerIndex {
    return new LayerIndex(new BlockFile(path));
  }

  private constructor(file: BlockFile) {
    this.#file = file;
    const { blocks, amendments } = file.directory;
    this.#records = blocks.filter((block) => block.kind === 'records');
    this.#raw = blocks.filter((block) => block.kind === 'raw');
    this.#paths = blocks.filter((block) => block.kind === 'paths');
    this.#amendments = new Map(amendments.map((amendment) => [amendment.ordinal, amendment]));
  }

  get summary(): IndexSummary {
    return this.#file.directory.summary;
  }

  /** Position of the bytes behind the last entry in the stream of raw bytes. */
  get trailer(): { readonly rawOffset: number; readonly codedBytes: number; readonly tarBytes: number } {
    return this.#file.directory.trailer;
  }

  /** Reads and checks every block. */
  readAll(): void {
    for (const block of this.#file.directory.blocks) this.#file.block(block);
  }

  /** Yields the record of every entry, in archive order. */
  *records(): Generator<EntryRecord> {
    for (const { record } of this.recordSpans()) yield record;
  }

  /** Yields every record with the position of its bytes, in archive order. */
  *recordSpans(): Generator<RecordSpan> {
    let count = 0;
    for (const block of this.#records) {
      if (block.first !== count) throw corruptIndex('lacks records');
      for (const entry of this.#decodeBlock(block)) {
        yield entry;
        count++;
      }
    }
    if (count !== this.summary.entries) throw corruptIndex('lacks records');
  }

  /** Returns the record of an entry; undefined for a number above the last. */
  record(ordinal: number): EntryRecord | undefined {
    return this.recordSpan(ordinal)?.record;
  }

  /** Returns a record with the position of its bytes; undefined for a number above the last. */
  recordSpan(ordinal: number): RecordSpan | undefined {
    const block = this.#records[lastStarting(this.#records, ordinal)];
    if (!block) return undefined;
    const start = this.#starts.get(block, () => this.#readStarts(block)).of(ordinal - block.first);
    return start && this.#decode(new ByteReader(this.#file.block(block).subarray(start.at)), ordinal, start);
  }

  /**
   * Returns the layer's last entry at a path, else the whiteout that hides the path; undefined when it has neither. The
   * opaque marker of a directory is found with {@link paths}.
   */
  find(path: Uint8Array): EntryRecord | undefined {
    let hidden: EntryRecord | undefined;
    let found: EntryRecord | undefined;
    for (const entry of this.pathsFrom(path)) {
      if (comparePaths(entry.path, path) !== 0) break;
      const record = this.record(entry.ordinal);
      if (!record) throw corruptIndex('names a record it does not hold');
      if (record.kind === 'whiteout') hidden = record;
      else if (record.kind !== 'opaque') found = record;
    }
    return found ?? hidden;
  }

  /** Yields the path table in path order: all of it, or only the directory `under` and its content. */
  *paths(under: Uint8Array = new Uint8Array(0)): Generator<PathEntry> {
    for (const entry of this.pathsFrom(under)) {
      if (!isInside(entry.path, under)) return;
      yield entry;
    }
  }

  /** Yields the path table in path order, from the first line that is not before `path`. */
  *pathsFrom(path: Uint8Array): Generator<PathEntry> {
    // Several records may have the path and continue across the border of a block, so reading begins a block earlier.
    const first = Math.max(firstNotBefore(this.#paths, path) - 1, 0);
    for (let at = first; at < this.#paths.length; at++) {
      const block = this.#pathsOf(this.#paths[at] as BlockInfo);
      const start = at === first ? block.firstNotBefore(path) : 0;
      for (let line = start; line < block.length; line++) yield block.line(line);
    }
  }

  /** Returns a copy of some raw bytes; see {@link RawSpan}. */
  rawBytes(offset: number, length: number): Uint8Array {
    this.#checkRange(offset, length);
    const bytes = new Uint8Array(length);
    let at = 0;
    for (let index = lastStarting(this.#raw, offset); at < length; index++) {
      const block = this.#raw[index];
      if (!block) throw corruptIndex('lacks raw bytes');
      const start = offset + at - block.first;
      const part = this.#file.block(block).subarray(start, start + length - at);
      if (start < 0 || part.length === 0) throw corruptIndex('lacks raw bytes');
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #checkRange(offset: number, length: number): void {
    const last = this.#raw.at(-1);
    if (length > 0 && (!last || offset + length > last.first + last.unpackedBytes)) {
      throw corruptIndex('lacks raw bytes');
    }
  }

  *#decodeBlock(block: BlockInfo): Generator<RecordSpan> {
    const input = new ByteReader(this.#file.block(block));
    const start = { at: 0, rawOffset: block.rawOffset, tarOffset: block.tarOffset };
    for (let ordinal = block.first; input.left > 0; ordinal++) {
      const entry = this.#decode(input, ordinal, start);
      yield entry;
      moveBehind(start, entry, input.position);
    }
  }

  #decode(input: ByteReader, ordinal: number, { rawOffset, tarOffset }: RecordStart): RecordSpan {
    const { span, ...decoded } = decodeRecord(input, rawOffset);
    const amendment = this.#amendments.get(ordinal);
    const body = amendment && amendment.body !== 'none' ? amendment.body : decoded.body;
    return {
      record: { ...decoded, ordinal, offset: tarOffset, body, shadowed: amendment !== undefined },
      span,
      saved: amendment?.body === 'index' ? { offset: amendment.rawOffset, bodyBytes: amendment.codedBytes } : undefined,
    };
  }

  #readStarts(block: BlockInfo): RecordStarts {
    const starts = new RecordStarts();
    const input = new ByteReader(this.#file.block(block));
    const start = { at: 0, rawOffset: block.rawOffset, tarOffset: block.tarOffset };
    for (let ordinal = block.first; input.left > 0; ordinal++) {
      starts.add(start);
      moveBehind(start, this.#decode(input, ordinal, start), input.position);
    }
    return starts;
  }

  #pathsOf(block: BlockInfo): PathBlock {
    return this.#unpackedPaths.get(block, () => new PathBlock(new ByteReader(this.#file.block(block))));
  }
}

/** Offsets at which a record begins: in its block, in the stream of raw bytes, in the tar. */
interface RecordStart {
  readonly at: number;
  readonly rawOffset: number;
  readonly tarOffset: number;
}

/** The start of each record of a block: a record's length is known only once it is decoded. */
class RecordStarts {
  #count = 0;
  #numbers: Float64Array = new Float64Array(3 << 8);

  add({ at, rawOffset, tarOffset }: RecordStart): void {
    const first = this.#count++ * 3;
    if (first === this.#numbers.length) this.#numbers = copyInto(this.#numbers, new Float64Array(first * 2));
    this.#numbers.set([at, rawOffset, tarOffset], first);
  }

  of(record: number): RecordStart | undefined {
    if (record >= this.#count) return undefined;
    const [at = 0, rawOffset = 0, tarOffset = 0] = this.#numbers.subarray(record * 3, record * 3 + 3);
    return { at, rawOffset, tarOffset };
  }
}

function moveBehind(
  start: { -readonly [Key in keyof RecordStart]: RecordStart[Key] },
  { record, span }: RecordSpan,
  position: number,
): void {
  start.at = position;
  start.rawOffset = span.offset + record.headerBytes + span.bodyBytes + span.paddingBytes;
  start.tarOffset += record.headerBytes + record.storedSizeBytes + record.paddingBytes;
}

/** Returns the number of the first block of paths whose first path is not before `path`. */
const firstNotBefore = (blocks: readonly BlockInfo[], path: Uint8Array): number =>
  countLeading(blocks, ({ firstPath }) => comparePaths(firstPath, path) < 0);

/** Returns the number of the block that holds a position: the last one that begins at or before it. */
const lastStarting = (blocks: readonly BlockInfo[], position: number): number =>
  countLeading(blocks, ({ first }) => first <= position) - 1;

/** Returns the number of leading blocks that pass a test; no block behind them passes it. */
function countLeading(blocks: readonly BlockInfo[], passes: (block: BlockInfo) => boolean): number {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(blocks[middle] as BlockInfo)) low = middle + 1;
    else high = middle;
  }
  return low;
}
