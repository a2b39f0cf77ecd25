import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { diskFailure } from '../../content/disk-failure.ts';
import { invariant } from '../../lib/invariant.ts';
import { randomHex } from '../../sys/random-hex.ts';
import { comparePaths } from '../tree-path.ts';
import { ByteWriter } from './byte-writer.ts';
import { encodeDirectory } from './directory-codec.ts';
import type { BodySource, RecordFields } from './entry-record.ts';
import {
  type Amendment,
  type BlockInfo,
  type BlockKind,
  blockTarget,
  footerBytes,
  type IndexSummary,
  inlineLimit,
  magic,
} from './format.ts';
import type { PathList } from './path-list.ts';
import { PathTable } from './path-table.ts';
import { encodeRecord } from './record-codec.ts';
import { isAllZero, RunCoder } from './run-coder.ts';

const noPath = new Uint8Array(0);
const pack = (bytes: Uint8Array): Buffer =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });

/** Fields of the summary that {@link IndexWriter.finish} takes; the writer counts the others itself. */
export type IndexEnding = Pick<IndexSummary, 'diffId' | 'tarSizeBytes' | 'sizeBytes' | 'parentDependent'>;

/**
 * Writes the index of one layer while its archive is read, synchronously, into a temporary file beside the final one.
 * {@link publish} renames it; disposal without that removes it.
 *
 * Per entry: `begin`, any number of `keep`, `end`. Between entries: `replace`. After the last entry: `trailer`, `finish`.
 */
export class IndexWriter implements Disposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #fd: number;
  #state: 'writing' | 'finished' | 'detached' = 'writing';
  #fileOffset = magic.length;
  readonly #blocks: BlockInfo[] = [];
  readonly #amendments: Amendment[] = [];
  readonly #records = new ByteWriter(blockTarget.records * 2);
  readonly #raw = new ByteWriter(blockTarget.raw * 2);
  /** Length of the stream of raw bytes in blocks already packed. */
  #rawPacked = 0;
  #firstRecord = { ordinal: 0, rawOffset: 0, tarOffset: 0 };
  #expectedRaw = 0;
  #tarOffset = 0;
  #inlineLeft = inlineLimit;
  #remakeable = true;
  #headerStart = 0;
  #headerBytes = 0;
  #coder: RunCoder | undefined;
  #trailerStart = 0;
  #trailerBytes = 0;
  #entries = 0;
  readonly #paths: PathList | undefined;
  #lastPath: Uint8Array = noPath;
  readonly #table = new PathTable((block, position) => this.#pack('paths', block, position));

  /**
   * `path` is that of the final index; its folder must exist. `paths` collects the records' paths, for archives in any
   * order; without it records must come in path order, and no list is kept. Throws ERR_NO_SPACE.
   */
  constructor(path: string, paths?: PathList) {
    this.#path = path;
    this.#paths = paths;
    this.#temporary = `${path}.${process.pid}-${randomHex(6)}.tmp`;
    this.#fd = createFile(this.#temporary);
  }

  get entries(): number {
    return this.#entries;
  }

  /** False once the archive had more bytes to keep than an index may hold. */
  get remakeable(): boolean {
    return this.#remakeable;
  }

  /** Starts an entry. `rawHeader` has all bytes before its body. */
  begin(rawHeader: Uint8Array): void {
    this.#headerStart = this.#rawLength;
    this.#headerBytes = rawHeader.length;
    this.#addRaw(rawHeader);
  }

  /** Keeps a part of the current entry's body, which the tree will not hold. */
  keep(chunk: Uint8Array): void {
    if (!this.#remakeable) return;
    this.#coder ??= new RunCoder(this.#raw);
    this.#spend(this.#coder.add(chunk));
  }

  /** Ends the entry and returns its number. A body given to {@link keep} gets the source `index`, or `lost`. */
  end(fields: RecordFields, padding: Uint8Array): number {
    const ordinal = this.entries;
    const afterHeader = this.#headerStart + this.#headerBytes;
    const kept = this.#finishRuns();
    const codedBodyBytes = kept ? this.#rawLength - afterHeader : 0;
    const paddingStart = this.#rawLength;
    if (!isAllZero(padding)) {
      this.#coder = new RunCoder(this.#raw);
      this.#spend(this.#coder.add(padding));
      this.#finishRuns();
    }
    const body = bodyOf(fields, kept, this.#remakeable);
    if (body === 'lost') this.#remakeable = false;
    encodeRecord(this.#records, body === fields.body ? fields : { ...fields, body }, {
      headerBytes: this.#headerBytes,
      paddingBytes: padding.length,
      rawGap: this.#headerStart - this.#expectedRaw,
      codedBodyBytes,
      codedPaddingBytes: this.#rawLength - paddingStart,
    });
    this.#expectedRaw = this.#rawLength;
    this.#tarOffset += this.#headerBytes + fields.storedSizeBytes + padding.length;
    this.#entries++;
    this.#addPath(fields, ordinal);
    if (this.#records.length >= blockTarget.records) this.#packRecords();
    if (this.#raw.length >= blockTarget.raw) this.#packRaw();
    return ordinal;
  }

  /**
   * Marks an earlier entry as replaced by a later one. `body` yields its bytes, as the archive stored them, which would be
   * lost with it; they are kept while the index has space.
   */
  replace(ordinal: number, body?: Iterable<Uint8Array>): void {
    const rawOffset = this.#rawLength;
    if (body === undefined) {
      this.#amendments.push({ ordinal, body: 'none', rawOffset: 0, codedBytes: 0 });
      return;
    }
    for (const chunk of body) {
      this.keep(chunk);
      if (!this.#remakeable) break;
    }
    this.#finishRuns();
    const codedBytes = this.#rawLength - rawOffset;
    if (this.#remakeable) this.#amendments.push({ ordinal, body: 'index', rawOffset, codedBytes });
    else this.lose(ordinal);
  }

  /** Does {@link replace} for a body that cannot be read any more: the archive cannot be made again. */
  lose(ordinal: number): void {
    this.#remakeable = false;
    this.#amendments.push({ ordinal, body: 'lost', rawOffset: 0, codedBytes: 0 });
  }

  /** Adds bytes that follow the last entry. */
  trailer(chunk: Uint8Array): void {
    if (this.#trailerBytes === 0) this.#trailerStart = this.#rawLength;
    this.#trailerBytes += chunk.length;
    this.keep(chunk);
  }

  /** Writes the rest of the file. `sync` flushes its bytes to disk. */
  finish(ending: IndexEnding, options: { readonly sync?: boolean } = {}): IndexSummary {
    this.#finishRuns();
    const trailer = {
      rawOffset: this.#trailerStart,
      codedBytes: this.#trailerBytes === 0 ? 0 : this.#rawLength - this.#trailerStart,
      tarBytes: this.#trailerBytes,
    };
    this.#packRecords();
    this.#packRaw();
    this.#packPaths();
    const summary = { ...ending, entries: this.entries, remakeable: this.#remakeable };
    const directory = encodeDirectory({ summary, trailer, blocks: this.#blocks, amendments: this.#amendments });
    const packed = pack(directory);
    const footer = Buffer.alloc(footerBytes);
    footer.writeUIntLE(this.#fileOffset, 0, 6);
    footer.writeUInt32LE(packed.length, 6);
    footer.writeUInt32LE(directory.length, 10);
    footer.writeUInt32LE(crc32(packed), 14);
    footer.set(magic, footerBytes - magic.length);
    writeAll(this.#fd, packed);
    writeAll(this.#fd, footer);
    if (options.sync === true) fsyncSync(this.#fd);
    closeSync(this.#fd);
    this.#state = 'finished';
    return summary;
  }

  /** Renames the finished file to its final path, over an older one. `sync` flushes the folder too. */
  publish(options: { readonly sync?: boolean } = {}): void {
    publishIndex(this.detach(), this.#path, options);
  }

  /** Leaves the finished file to the caller, under a name that {@link publishIndex} or {@link discardIndex} takes. */
  detach(): string {
    invariant(this.#state === 'finished', 'an index is finished, and detached only once');
    this.#state = 'detached';
    return this.#temporary;
  }

  [Symbol.dispose](): void {
    if (this.#state === 'writing') closeSync(this.#fd);
    if (this.#state !== 'detached') discardIndex(this.#temporary);
    this.#state = 'detached';
  }

  get #rawLength(): number {
    return this.#rawPacked + this.#raw.length;
  }

  #addRaw(bytes: Uint8Array): void {
    this.#raw.raw(bytes);
  }

  #spend(bytes: number): void {
    this.#inlineLeft -= bytes;
    if (this.#inlineLeft < 0) this.#remakeable = false;
  }

  #finishRuns(): boolean {
    const coder = this.#coder;
    this.#coder = undefined;
    coder?.finish();
    return coder !== undefined;
  }

  #packRecords(): void {
    this.#pack('records', this.#records, {
      first: this.#firstRecord.ordinal,
      rawOffset: this.#firstRecord.rawOffset,
      tarOffset: this.#firstRecord.tarOffset,
    });
    this.#firstRecord = { ordinal: this.entries, rawOffset: this.#expectedRaw, tarOffset: this.#tarOffset };
  }

  #packRaw(): void {
    const { length } = this.#raw;
    this.#pack('raw', this.#raw, { first: this.#rawPacked });
    this.#rawPacked += length;
  }

  #addPath({ treePath, kind, sizeBytes }: RecordFields, ordinal: number): void {
    if (this.#paths) return this.#paths.add(treePath, kind, kind === 'file' ? sizeBytes : 0);
    invariant(comparePaths(this.#lastPath, treePath) <= 0, 'records come in path order');
    this.#table.add(treePath, ordinal);
    this.#lastPath = treePath;
    return undefined;
  }

  #packPaths(): void {
    const paths = this.#paths;
    if (paths) for (const ordinal of paths.inPathOrder()) this.#table.add(paths.path(ordinal), ordinal);
    this.#table.end();
  }

  #pack(kind: BlockKind, content: ByteWriter, position: Partial<BlockInfo> & { readonly first: number }): void {
    if (content.length === 0) return;
    const bytes = content.take();
    const packed = pack(bytes);
    this.#blocks.push({
      rawOffset: 0,
      tarOffset: 0,
      firstPath: noPath,
      ...position,
      kind,
      fileOffset: this.#fileOffset,
      packedBytes: packed.length,
      unpackedBytes: bytes.length,
      crc: crc32(packed),
    });
    writeAll(this.#fd, packed);
    this.#fileOffset += packed.length;
  }
}

function bodyOf(fields: RecordFields, kept: boolean, remakeable: boolean): BodySource {
  if (fields.storedSizeBytes === 0) return 'none';
  if (fields.body !== 'index') return fields.body;
  return kept && remakeable ? 'index' : 'lost';
}

function createFile(path: string): number {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'wx', 0o644);
    writeAll(fd, magic);
    return fd;
  } catch (error) {
    const failure = diskFailure(error, dirname(path));
    // The constructor throws, so that no caller disposes of the file.
    if (fd !== undefined) closeSync(fd);
    discardIndex(path);
    throw failure;
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** Renames a finished index to its final path, over an older one; `sync` makes the name survive a power cut. */
export function publishIndex(temporary: string, path: string, options: { readonly sync?: boolean } = {}): void {
  renameSync(temporary, path);
  if (options.sync !== true) return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Removes a detached index. Idempotent. */
export function discardIndex(temporary: string): void {
  rmSync(temporary, { force: true });
}
