/** Kind of file that an entry creates. Contiguous files (typeflag 7) are `file`, GNU's directories with a list (D) `directory`. */
export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'character-device' | 'block-device' | 'directory' | 'fifo';

/** Seconds since the epoch, possibly negative, plus 0–999,999,999 nanoseconds. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** One run of data in a sparse file. The gaps between runs are holes. */
export interface SparseRun {
  readonly offset: number;
  readonly length: number;
}

/** Attributes of a file in an archive. */
export interface FileMetadata {
  /** Permission, setuid, setgid and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Logical size of a regular file, or of the body of a hardlink that has one; 0 for everything else. */
  readonly sizeBytes: number;
  readonly mtime: TarTime;
  /** Target of a symlink or hardlink, as in the archive; empty for everything else. */
  readonly linkPath: Uint8Array;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes: names as latin1 text (each char one byte), values as bytes. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/**
 * One member of an archive after PAX and GNU extensions are applied. Names, link targets and xattr values are the
 * archive's bytes, untouched: no trimming of `./` or a trailing `/`, no decoding.
 */
export interface TarEntry extends FileMetadata {
  readonly path: Uint8Array;
  readonly type: TarEntryType;
  /** Typeflag byte of the archive. */
  readonly typeflag: number;
  readonly userName: Uint8Array;
  readonly groupName: Uint8Array;
  /** Data runs of a sparse file, in order, apart and not empty; absent for a dense file. */
  readonly sparse?: readonly SparseRun[] | undefined;
  /**
   * Bytes of body that follow in the archive. For a sparse file these are the runs only, without a map; for a directory of an
   * incremental GNU archive, the list of its names.
   */
  readonly storedSizeBytes: number;
}

/**
 * Receiver of a parser's events. `rawHeader`, data chunks and padding of each entry, and the trailer at the end, concatenated
 * are the archive byte for byte. The layer index relies on that.
 */
export interface TarSink {
  /**
   * Begins an entry. `rawHeader` holds everything before the body: extension records, the header block, a sparse map. The sink
   * may keep it and the entry's byte fields, but they share memory with neighbouring headers: copy them to keep them for long.
   */
  entry(entry: TarEntry, rawHeader: Uint8Array): void;
  /** Takes a chunk of the current entry's stored body, never empty. The chunk is a view, valid during the call. */
  data(chunk: Uint8Array): void;
  /** Ends an entry. `padding` fills its last 512-byte block and may be empty; it is a view, valid during the call. */
  endEntry(padding: Uint8Array): void;
  /** Takes a chunk of the bytes after the last entry: end blocks, record padding, junk. A view, valid during the call. */
  trailer(chunk: Uint8Array): void;
}
