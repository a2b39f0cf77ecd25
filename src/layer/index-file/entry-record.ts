import type { FileMetadata, SparseRun, TarEntryType } from '../../archive/index.ts';

/**
 * Meaning of an entry for a tree. `whiteout` and `opaque` are deletions; `ignored` entries make no node: metadata of
 * aufs, overlayfs whiteouts, which a layer must not contain, and devices where the user may not make any.
 */
export type RecordKind = TarEntryType | 'whiteout' | 'opaque' | 'ignored';

/** Kinds in the order of their numbers on disk: append only. */
export const recordKinds: readonly RecordKind[] = [
  'file',
  'hardlink',
  'symlink',
  'character-device',
  'block-device',
  'directory',
  'fifo',
  'whiteout',
  'opaque',
  'ignored',
];

/**
 * Source of an entry's stored body: no body, the file at `treePath` of the tree, the index, or lost. In the order of
 * their numbers on disk: append only.
 */
export const bodySources = ['none', 'tree', 'index', 'lost'] as const;
export type BodySource = (typeof bodySources)[number];

/** Fields of an entry as given to the index's writer. */
export interface RecordFields extends FileMetadata {
  readonly kind: RecordKind;
  /** Path as the archive has it. */
  readonly path: Uint8Array;
  /** Path in the layer's tree; for a whiteout the path it hides, for `opaque` the directory. */
  readonly treePath: Uint8Array;
  readonly typeflag: number;
  readonly storedSizeBytes: number;
  readonly sparse?: readonly SparseRun[] | undefined;
  readonly body: BodySource;
  /** True when some of `xattrs` were not set on the file, such as those that would control overlayfs. */
  readonly xattrsStripped: boolean;
}

/** One entry of the archive. */
export interface EntryRecord extends RecordFields {
  readonly ordinal: number;
  /** Offset of its header, extension records included, in the uncompressed tar. */
  readonly offset: number;
  readonly headerBytes: number;
  readonly paddingBytes: number;
  /** True when a later entry of the layer replaced it (or, for a directory, its owner, mode and times). */
  readonly shadowed: boolean;
}

/** Position of a record's bytes in the index's stream of raw bytes. */
export interface RawSpan {
  /** Offset of the raw header; a body in the index follows it unless saved later, then the padding if not zero. */
  readonly offset: number;
  /** Coded length of a body in the index, else 0. */
  readonly bodyBytes: number;
  /** Coded length of the padding; 0 when it is all zero. */
  readonly paddingBytes: number;
}
