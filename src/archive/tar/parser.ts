import { invariant } from '../../lib/invariant.ts';
import {
  blockBytes,
  decodeHeaderBlock,
  flag,
  type HeaderBlock,
  hasValidChecksum,
  isZeroBlock,
  paddingBytes,
} from './block.ts';
import { bytesOf, makeEntry, numberOf } from './entry.ts';
import { badEnd, badNumber, badSparseMap, headerTooLarge, unexpectedEnd } from './failures.ts';
import { HeaderBytes } from './header-bytes.ts';
import { type PaxRecords, parsePaxRecords } from './pax.ts';
import {
  checkRuns,
  oldSparseRealSize,
  paxSparseForm,
  readOldSparseBlock,
  SparseMapReader,
  sparseMapFromRecords,
} from './sparse.ts';
import type { SparseRun, TarEntry, TarSink } from './types.ts';

export interface TarLimits {
  /** Largest PAX header, GNU long name or sparse map; 1 MiB by default, as in Go and libarchive. */
  readonly recordBytes: number;
  /** Largest sum of all headers in front of one body; 4 MiB by default. */
  readonly headerBytes: number;
}

export const defaultTarLimits: TarLimits = { recordBytes: 1 << 20, headerBytes: 4 << 20 };

/** `body`, `padding` and `trailer` pass bytes on, `closed` refuses them, all others collect until they have enough. */
type Phase =
  | 'header'
  | 'second-end-block'
  | 'record'
  | 'record-padding'
  | 'sparse-extension'
  | 'sparse-map'
  | 'hardlink-body'
  | 'split-padding'
  | 'body'
  | 'padding'
  | 'trailer'
  | 'closed';

const empty = new Uint8Array(0);

/**
 * Push parser for tar archives. Every event reaches the sink before `write` returns, however the archive is cut into chunks.
 * Body bytes are views into the chunk, never copies. It reads the formats that Go's `archive/tar` reads (v7, ustar, PAX, GNU,
 * star, sparse files of all kinds) and refuses what Go refuses; README.md lists the differences.
 *
 * Memory is bounded by {@link TarLimits}, whatever sizes the archive claims. After an error, its own or the sink's, the parser
 * takes no more bytes.
 */
export class TarParser {
  readonly #sink: TarSink;
  readonly #limits: TarLimits;
  /** All bytes since the last body, so an entry began at `#position` less the length of these. */
  readonly #raw: HeaderBytes = new HeaderBytes();
  #position = 0;
  #phase: Phase = 'header';
  /** Bytes left until the phase ends. */
  #need: number = blockBytes;
  #bodyBytes = 0;
  #recordFlag = 0;
  #recordBytes = 0;
  #pax: PaxRecords | undefined;
  #gnuName: Uint8Array | undefined;
  #gnuLinkName: Uint8Array | undefined;
  /** Entry whose sparse map, or possible body, is being read. */
  #pending: TarEntry | undefined;
  #runs: SparseRun[] = [];
  #map: SparseMapReader | undefined;
  #mapBytes = 0;

  constructor(sink: TarSink, limits: TarLimits = defaultTarLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /**
   * Takes the next chunk of the uncompressed archive. The caller may reuse its memory once this returns.
   * @throws {@link StrataError} `corrupt` with ERR_TAR_CHECKSUM, ERR_TAR_NUMBER, ERR_TAR_PAX_RECORD,
   *   ERR_TAR_SPARSE_MAP, ERR_TAR_HEADER_TOO_LARGE or ERR_TAR_END_BLOCK, `unsupported` with ERR_TAR_TYPE; and errors of the sink
   */
  write(chunk: Uint8Array): void {
    invariant(this.#phase !== 'closed', 'a tar parser takes nothing after its end or an error');
    try {
      let at = 0;
      while (at < chunk.length) at += this.#take(chunk, at);
    } catch (error) {
      this.#phase = 'closed';
      throw error;
    }
  }

  /** Bytes of the current body that are still to be written; 0 between bodies. */
  get bodyBytesLeft(): number {
    return this.#phase === 'body' ? this.#need : 0;
  }

  /** Skips bytes of the current body, for a caller that seeks past them. The sink does not see them. */
  skipBody(bytes: number): void {
    invariant(bytes <= this.bodyBytesLeft, 'only bytes of a body are skipped');
    this.#position += bytes;
    this.#need -= bytes;
    if (bytes > 0 && this.#need === 0) this.#endBody();
  }

  /**
   * Ends the archive. Missing end blocks and missing padding after the last body are accepted.
   * @throws {@link StrataError} `corrupt` with ERR_TAR_TRUNCATED; and errors of the sink
   */
  finish(): void {
    invariant(this.#phase !== 'closed', 'a tar parser ends once');
    try {
      this.#end();
    } finally {
      this.#phase = 'closed';
    }
  }

  #end(): void {
    const untouched = this.#need === blockBytes;
    switch (this.#phase) {
      case 'header':
      case 'second-end-block':
        if (!untouched) throw unexpectedEnd(this.#position, 'a header');
        this.#flushTrailer();
        break;
      case 'record-padding':
        this.#flushTrailer();
        break;
      case 'padding':
      case 'split-padding':
        this.#sink.endEntry(this.#raw.take());
        break;
      case 'hardlink-body':
        if (!untouched) throw unexpectedEnd(this.#position, 'a header');
        this.#emitWithoutBody(this.#takePending());
        break;
      case 'record':
      case 'sparse-extension':
      case 'sparse-map':
        throw unexpectedEnd(this.#position, 'an extension header');
      case 'body':
        throw unexpectedEnd(this.#position, 'the body of an entry');
      case 'trailer':
      case 'closed':
        break;
    }
  }

  /** Consumes bytes of `chunk` from `at` on and returns their number. */
  #take(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#need, chunk.length - at);
    this.#position += count;
    if (this.#phase === 'body') {
      this.#need -= count;
      this.#sink.data(count === chunk.length ? chunk : chunk.subarray(at, at + count));
      if (this.#need === 0) this.#endBody();
      return count;
    }
    if (this.#phase === 'padding') {
      if (count === this.#need) {
        this.#sink.endEntry(chunk.subarray(at, at + count));
        this.#collect('header', blockBytes);
        return count;
      }
      this.#phase = 'split-padding';
    }
    if (this.#phase === 'trailer') {
      this.#sink.trailer(at === 0 ? chunk : chunk.subarray(at));
      return count;
    }
    this.#raw.append(chunk, at, count);
    this.#need -= count;
    if (this.#need === 0) this.#readCollected();
    return count;
  }

  #collect(phase: Phase, bytes: number): void {
    if (this.#raw.length + bytes > this.#limits.headerBytes)
      throw headerTooLarge(this.#offset(), this.#limits.headerBytes);
    this.#phase = phase;
    this.#need = bytes;
  }

  #readCollected(): void {
    switch (this.#phase) {
      case 'header':
        this.#readHeader();
        break;
      case 'second-end-block':
        if (!isZeroBlock(this.#raw.tail(blockBytes))) throw badEnd(this.#position - blockBytes);
        this.#flushTrailer();
        this.#phase = 'trailer';
        this.#need = Number.POSITIVE_INFINITY;
        break;
      case 'record':
        this.#readRecord();
        break;
      case 'record-padding':
        this.#collect('header', blockBytes);
        break;
      case 'sparse-extension':
        this.#readSparseBlock('extension');
        break;
      case 'sparse-map':
        this.#readSparseMap();
        break;
      case 'hardlink-body':
        this.#readHardlinkBody();
        break;
      case 'split-padding':
        this.#sink.endEntry(this.#raw.take());
        this.#collect('header', blockBytes);
        break;
      case 'body':
      case 'padding':
      case 'trailer':
      case 'closed':
        invariant(false, `phase ${this.#phase} collects nothing`);
    }
  }

  #readHeader(): void {
    const bytes = this.#raw.tail(blockBytes);
    if (bytes[0] === 0 && isZeroBlock(bytes)) return this.#collect('second-end-block', blockBytes);
    const block = decodeHeaderBlock(bytes, this.#position - blockBytes);
    switch (block.typeflag) {
      case flag.paxLocal:
      case flag.solarisPax:
      case flag.paxGlobal:
      case flag.gnuLongName:
      case flag.gnuLongLink:
      case flag.gnuVolumeLabel:
        return this.#startRecord(block);
      default:
        return this.#readEntry(block, bytes);
    }
  }

  #startRecord(block: HeaderBlock): void {
    if (block.sizeBytes < 0) throw badNumber(this.#offset(), 'size');
    if (block.sizeBytes > this.#limits.recordBytes) throw headerTooLarge(this.#offset(), this.#limits.recordBytes);
    this.#recordFlag = block.typeflag;
    this.#recordBytes = block.sizeBytes;
    this.#collect('record', block.sizeBytes);
    if (block.sizeBytes === 0) this.#readRecord();
  }

  #readRecord(): void {
    const body = this.#raw.tail(this.#recordBytes);
    switch (this.#recordFlag) {
      case flag.paxLocal:
      case flag.solarisPax:
        this.#pax = parsePaxRecords(body, this.#offset());
        break;
      case flag.paxGlobal:
        // Checked, not applied: Go, and so docker, apply global records to no entry, and drop pending records here.
        parsePaxRecords(body, this.#offset());
        this.#forgetExtensions();
        break;
      case flag.gnuLongName:
        this.#gnuName = upToNul(body);
        break;
      case flag.gnuLongLink:
        this.#gnuLinkName = upToNul(body);
        break;
      default:
        // A volume label is not an entry.
        this.#forgetExtensions();
    }
    const padding = paddingBytes(this.#recordBytes);
    if (padding === 0) this.#collect('header', blockBytes);
    else this.#collect('record-padding', padding);
  }

  #readEntry(block: HeaderBlock, bytes: Uint8Array): void {
    const offset = this.#offset();
    const entry = makeEntry(block, { pax: this.#pax, gnuName: this.#gnuName, gnuLinkName: this.#gnuLinkName }, offset);
    const pax = this.#pax;
    this.#forgetExtensions();
    const sparse = block.typeflag === flag.gnuSparse ? 'old' : pax && paxSparseForm(pax);
    if (entry.type !== 'file') {
      if (sparse) throw badSparseMap(offset, 'only files can be sparse');
      if (block.typeflag === flag.gnuDirectory) return this.#emitDirectory(entry);
      if (entry.type !== 'hardlink' || entry.sizeBytes <= 0) return this.#emitWithoutBody(entry);
      this.#pending = entry;
      return this.#collect('hardlink-body', blockBytes);
    }
    // The size in the header block is checked even where PAX replaces it, as in Go.
    if (entry.sizeBytes < 0 || block.sizeBytes < 0) throw badNumber(offset, 'size');
    if (!sparse) return this.#emit(entry);
    this.#runs = [];
    this.#mapBytes = 0;
    if (sparse === 'old') {
      // star uses this typeflag too, with another layout.
      if (block.format !== 'gnu') throw badSparseMap(offset, 'its format is none of GNU tar');
      this.#pending = { ...entry, sizeBytes: oldSparseRealSize(bytes, offset) };
      return this.#readSparseBlock('header');
    }
    const sizeKey = pax?.get('GNU.sparse.size')?.length ? 'GNU.sparse.size' : 'GNU.sparse.realsize';
    this.#pending = {
      ...entry,
      path: bytesOf(pax, 'GNU.sparse.name', entry.path),
      sizeBytes: numberOf(pax, sizeKey, entry.sizeBytes, offset),
    };
    if (sparse === 'records' && pax) return this.#emitSparse(sparseMapFromRecords(pax, offset));
    this.#map = new SparseMapReader(offset, this.#limits.recordBytes);
    return this.#nextMapBlock('sparse-map');
  }

  #readSparseBlock(kind: 'header' | 'extension'): void {
    if (readOldSparseBlock(this.#raw.tail(blockBytes), kind, this.#offset(), this.#runs)) {
      return this.#nextMapBlock('sparse-extension');
    }
    return this.#emitSparse(this.#runs);
  }

  #readSparseMap(): void {
    const runs = this.#map?.next(this.#raw.tail(this.#mapBytes));
    if (runs === undefined) return this.#nextMapBlock('sparse-map');
    return this.#emitSparse(runs);
  }

  #nextMapBlock(phase: 'sparse-extension' | 'sparse-map'): void {
    this.#mapBytes += blockBytes;
    if (this.#mapBytes > this.#limits.recordBytes) throw headerTooLarge(this.#offset(), this.#limits.recordBytes);
    if (phase === 'sparse-map' && this.#mapBytes > (this.#pending?.storedSizeBytes ?? 0)) {
      throw badSparseMap(this.#offset(), 'its map is longer than its body');
    }
    this.#collect(phase, blockBytes);
  }

  #emitSparse(runs: readonly SparseRun[]): void {
    const entry = this.#takePending();
    // The size field includes a map of format 1.0, but not old extension blocks.
    const storedSizeBytes = entry.storedSizeBytes - (this.#map === undefined ? 0 : this.#mapBytes);
    this.#map = undefined;
    const sparse = checkRuns(runs, entry.sizeBytes, storedSizeBytes, this.#offset());
    this.#emit({ ...entry, sparse, storedSizeBytes });
  }

  /**
   * POSIX lets a hardlink carry its file's data, but older writers give a size without data. The next block decides: if it is a
   * header or an end block, the size is ignored, as Go and GNU tar always do.
   */
  #readHardlinkBody(): void {
    const entry = this.#takePending();
    const next = this.#raw.tail(blockBytes);
    const rawHeader = this.#raw.take(this.#raw.length - blockBytes);
    if (isZeroBlock(next) || hasValidChecksum(next)) {
      this.#sink.entry({ ...entry, sizeBytes: 0, storedSizeBytes: 0 }, rawHeader);
      this.#sink.endEntry(empty);
      this.#phase = 'header';
      return this.#readHeader();
    }
    this.#raw.take();
    this.#sink.entry(entry, rawHeader);
    const count = Math.min(entry.storedSizeBytes, blockBytes);
    this.#sink.data(next.subarray(0, count));
    this.#bodyBytes = entry.storedSizeBytes;
    this.#phase = 'body';
    this.#need = entry.storedSizeBytes - count;
    if (this.#need > 0) return undefined;
    this.#sink.endEntry(next.subarray(count));
    return this.#collect('header', blockBytes);
  }

  #emit(entry: TarEntry): void {
    this.#sink.entry(entry, this.#raw.take());
    this.#bodyBytes = entry.storedSizeBytes;
    this.#phase = 'body';
    this.#need = entry.storedSizeBytes;
    if (this.#need === 0) this.#endBody();
  }

  /** GNU's incremental archives list the names in a directory after its header. */
  #emitDirectory(entry: TarEntry): void {
    if (entry.storedSizeBytes < 0) throw badNumber(this.#offset(), 'size');
    return this.#emit({ ...entry, sizeBytes: 0 });
  }

  #emitWithoutBody(entry: TarEntry): void {
    const bodiless = entry.storedSizeBytes === 0 ? entry : { ...entry, sizeBytes: 0, storedSizeBytes: 0 };
    this.#sink.entry(bodiless, this.#raw.take());
    this.#sink.endEntry(empty);
    this.#collect('header', blockBytes);
  }

  #endBody(): void {
    this.#need = paddingBytes(this.#bodyBytes);
    if (this.#need > 0) {
      this.#phase = 'padding';
    } else {
      this.#sink.endEntry(empty);
      this.#collect('header', blockBytes);
    }
  }

  #flushTrailer(): void {
    if (this.#raw.length > 0) this.#sink.trailer(this.#raw.take());
  }

  #forgetExtensions(): void {
    this.#pax = undefined;
    this.#gnuName = undefined;
    this.#gnuLinkName = undefined;
  }

  #takePending(): TarEntry {
    const entry = this.#pending;
    invariant(entry, 'an entry is pending');
    this.#pending = undefined;
    return entry;
  }

  /** Returns the position at which the entry, or the extension records before it, began. */
  #offset(): number {
    return this.#position - this.#raw.length;
  }
}

/** Cuts a GNU long name at its NUL, which its size includes. Returns undefined for an empty name, which changes nothing. */
function upToNul(bytes: Uint8Array): Uint8Array | undefined {
  const nul = bytes.indexOf(0);
  const name = nul < 0 ? bytes : bytes.subarray(0, nul);
  return name.length === 0 ? undefined : name;
}
