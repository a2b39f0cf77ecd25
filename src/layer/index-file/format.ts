import type { DiffId } from '../../spec/digest.ts';

// An index file; numbers are encoded as in byte-writer.ts unless noted:
//
//   magic            8 bytes, the last one is the version
//   blocks           one zstd frame each, in the order they were filled
//   directory        zstd frame: summary, then every block, then the amendments
//   footer           32 bytes little-endian: directory offset (6) and length (4), its length unpacked (4), its CRC-32 (4),
//                    zeros (6), magic (8)
//
// The directory has the CRC-32 of every block, so that each byte of the file is covered and damage is noticed before use.
// Three kinds of blocks: `records` (one per entry, in archive order), `raw` (one stream cut into blocks: headers, and the
// bodies and padding that the tree does not hold) and `paths` (tree paths with their record numbers, by `comparePaths`).

/** Seven bytes of name, one byte of version. A reader refuses any other version. */
export const magic: Uint8Array = new Uint8Array([0x53, 0x74, 0x72, 0x61, 0x74, 0x49, 0x78, 1]);
export const footerBytes = 32;

/** Kinds in the order of their numbers on disk. */
export const blockKinds = ['records', 'raw', 'paths'] as const;
export type BlockKind = (typeof blockKinds)[number];

/** Bytes in a block before it is packed: few enough to look up one path quickly, enough to compress well. */
export const blockTarget: { readonly [Kind in BlockKind]: number } = {
  records: 128 << 10,
  raw: 256 << 10,
  paths: 32 << 10,
};
/** A single record may exceed the target. A reader refuses larger blocks. */
export const maxBlockBytes: number = 64 << 20;
export const maxDirectoryBytes: number = 256 << 20;

/** Most bytes of bodies, padding and trailer in an index; a layer with more counts as not remakeable. */
export const inlineLimit: number = 1 << 20;

export interface BlockInfo {
  readonly kind: BlockKind;
  readonly fileOffset: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly crc: number;
  /** Number of the first record, offset in the stream of raw bytes, or number of the first path. */
  readonly first: number;
  /** In a `records` block: offsets of the first record's raw bytes and header, so that reading can begin here. */
  readonly rawOffset: number;
  readonly tarOffset: number;
  /** In a `paths` block: its first path. */
  readonly firstPath: Uint8Array;
}

/** A correction to a record written earlier, because a later entry has replaced the node in the tree. */
export interface Amendment {
  readonly ordinal: number;
  /** `index`: the body was saved at `rawOffset`; `lost`: it cannot be read any more; `none`: there was no body to save. */
  readonly body: 'none' | 'index' | 'lost';
  readonly rawOffset: number;
  readonly codedBytes: number;
}

/** Data of an index about its layer as a whole. */
export interface IndexSummary {
  readonly diffId: DiffId;
  /** Bytes of the uncompressed tar. */
  readonly tarSizeBytes: number;
  /** Sum of the logical sizes of the layer's regular files after unpacking: docker's size of the layer. */
  readonly sizeBytes: number;
  readonly entries: number;
  /** False when the index could not keep every byte of the tar (more than 1 MiB of inlined bytes): keep the blob then. */
  readonly remakeable: boolean;
  /**
   * True when a symlink of a layer below has led some entry elsewhere than its path says. Then the index is valid on this
   * parent only: on another one the same diffID may need another index.
   */
  readonly parentDependent: boolean;
}

export interface IndexDirectory {
  readonly summary: IndexSummary;
  readonly trailer: { readonly rawOffset: number; readonly codedBytes: number; readonly tarBytes: number };
  readonly blocks: readonly BlockInfo[];
  readonly amendments: readonly Amendment[];
}
