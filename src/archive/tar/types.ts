/** What a tar entry makes; contiguous files (typeflag 7) read as `file`, GNU's directories with a list (D) as `directory`. */
export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'character-device' | 'block-device' | 'directory' | 'fifo';

/** Seconds since the epoch, possibly negative, and 0–999,999,999 nanoseconds that always count forward. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** One run of data in a sparse file; everything between runs is a hole. */
export interface SparseRun {
  readonly offset: number;
  readonly length: number;
}

/** What an archive says of a file beside its name and content. */
export interface FileMetadata {
  /** Permission, setuid, setgid and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Logical size of a regular file, or of the body that a hardlink brings along; 0 for everything else. */
  readonly sizeBytes: number;
  readonly mtime: TarTime;
  /** Target of a symlink or hardlink, as the archive has it; empty for everything else. */
  readonly linkPath: Uint8Array;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Names as latin1 text (each char one byte), values as bytes. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/**
 * One member of an archive after PAX and GNU extensions are applied. Names, link targets and xattr values are the
 * archive's bytes, untouched: no trimming of `./` or a trailing `/`, no decoding.
 */
export interface TarEntry extends FileMetadata {
  readonly path: Uint8Array;
  readonly type: TarEntryType;
  /** The byte as it stands in the archive. */
  readonly typeflag: number;
  readonly userName: Uint8Array;
  readonly groupName: Uint8Array;
  /** Data runs of a sparse file: in order, apart, none of them empty; absent for a dense one. */
  readonly sparse?: readonly SparseRun[] | undefined;
  /**
   * Bytes of body that follow in the archive: for sparse files the runs only, without an in-body map; for a directory of
   * an incremental GNU archive the list of its names.
   */
  readonly storedSizeBytes: number;
}

/**
 * Where a parser sends what it finds. Concatenating, per entry, `rawHeader`, the data chunks and the padding, and at
 * last the trailer, gives the archive back byte for byte; the layer index is built on that.
 */
export interface TarSink {
  /**
   * `rawHeader` holds everything before the body: extension records, the header block, a sparse map. It and the
   * entry's bytes may be kept; they share memory with the headers around them, so copy what is to live for long.
   */
  entry(entry: TarEntry, rawHeader: Uint8Array): void;
  /** A piece of the current entry's stored body, never empty. A view that is only valid during the call. */
  data(chunk: Uint8Array): void;
  /** Fill up to the next 512-byte boundary; called once per entry, maybe with no bytes. A view, valid during the call. */
  endEntry(padding: Uint8Array): void;
  /** A piece of whatever follows the last entry: end blocks, record padding, junk. A view, valid during the call. */
  trailer(chunk: Uint8Array): void;
}
