import type { FileMetadata, SparseRun, TarEntryType } from '../../archive/index.ts';

/**
 * What an entry means to a tree. `whiteout` and `opaque` are deletions; `ignored` entries make nothing: book-keeping of
 * aufs, raw overlay whiteouts, which a layer may not bring along, and devices where the user may make none.
 */
export type RecordKind = TarEntryType | 'whiteout' | 'opaque' | 'ignored';

/** In the order of their numbers on disk: append only. */
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
 * Where the stored body of an entry is to be had from: it has none, the file at `place` of the tree, the index, or
 * nowhere any more. Numbers on disk: append only.
 */
export const bodySources = ['none', 'tree', 'index', 'lost'] as const;
export type BodySource = (typeof bodySources)[number];

/** What the maker of an index says about an entry. */
export interface RecordFields extends FileMetadata {
  readonly kind: RecordKind;
  /** The archive's own bytes. */
  readonly path: Uint8Array;
  /** Where it stands in the layer's tree; what is hidden by a whiteout; the directory that is made opaque. */
  readonly treePath: Uint8Array;
  readonly typeflag: number;
  readonly storedSizeBytes: number;
  readonly sparse?: readonly SparseRun[] | undefined;
  readonly body: BodySource;
  /** Some of `xattrs` were not put onto the file: they would have steered overlayfs. */
  readonly xattrsStripped: boolean;
}

/** One entry of the archive, in its order. */
export interface EntryRecord extends RecordFields {
  readonly ordinal: number;
  /** Of the first byte of its header, extension records included, in the uncompressed tar. */
  readonly offset: number;
  readonly headerBytes: number;
  readonly paddingBytes: number;
  /** A later entry of the same layer took its place (or, for a directory, its owner, mode and times). */
  readonly shadowed: boolean;
}

/** Where a record's bytes stand in the index's stream of raw bytes. */
export interface RawSpan {
  /** Of the raw header; a body kept in the index follows it unless it was saved later, then the padding if not zero. */
  readonly offset: number;
  /** Coded length of a body kept in the index; 0 else. */
  readonly bodyBytes: number;
  /** Coded length of the padding; 0 when it is all zero. */
  readonly paddingBytes: number;
}
