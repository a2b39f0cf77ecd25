import type { DiffId } from '../../spec/digest.ts';

// An index file, all numbers as in byte-writer.ts unless said otherwise:
//
//   magic            8 bytes, the last is the version
//   blocks           zstd frames of their own, in the order they were filled
//   directory        zstd frame: summary, then every block, then the amendments
//   footer           32 bytes little-endian: directory offset (6) and length (4), its length unpacked (4), its CRC-32 (4),
//                    zeros (6), magic (8)
//
// Every block has its CRC-32 in the directory, so each byte of the file is covered and damage is seen before it is used.
// Three kinds of blocks: `records` (one per entry, archive order), `raw` (one stream cut into blocks: headers, bodies
// and fill that no tree can give back) and `paths` (places with their record numbers, sorted by `comparePaths`).

/** The first seven bytes are the name, the eighth the version: a reader refuses any other. */
export const magic: Uint8Array = new Uint8Array([0x53, 0x74, 0x72, 0x61, 0x74, 0x49, 0x78, 1]);
export const footerBytes = 32;

/** In the order of their numbers on disk. */
export const blockKinds = ['records', 'raw', 'paths'] as const;
export type BlockKind = (typeof blockKinds)[number];

/** How full a block gets before it is packed: small enough to look up one path, large enough to pack well. */
export const blockTarget: { readonly [Kind in BlockKind]: number } = {
  records: 128 << 10,
  raw: 256 << 10,
  paths: 32 << 10,
};
/** A single record may be longer than the target; a reader unpacks no block beyond this. */
export const maxBlockBytes: number = 64 << 20;
export const maxDirectoryBytes: number = 256 << 20;

/** Bytes of bodies, fill and trailer kept in an index before its layer counts as not remakeable. */
export const inlineLimit: number = 1 << 20;

export interface BlockInfo {
  readonly kind: BlockKind;
  readonly fileOffset: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly crc: number;
  /** Number of the first record, offset in the stream of raw bytes, or number of the first path. */
  readonly first: number;
  /** In a `records` block: where the first record's raw bytes and header stand, so that reading may begin here. */
  readonly rawOffset: number;
  readonly tarOffset: number;
  /** In a `paths` block: its first place. */
  readonly firstPath: Uint8Array;
}

/** A correction to a record made after it was written: the tree no longer holds what it said. */
export interface Amendment {
  readonly ordinal: number;
  /** `index`: the body was saved at `rawOffset`; `lost`: it is gone; `none`: nothing but the name was replaced. */
  readonly body: 'none' | 'index' | 'lost';
  readonly rawOffset: number;
  readonly codedBytes: number;
}

/** What an index says about its layer as a whole. */
export interface IndexSummary {
  readonly diffId: DiffId;
  /** Bytes of the uncompressed tar. */
  readonly tarSizeBytes: number;
  /** Sum of the logical sizes of the regular files that the layer leaves behind: what docker shows as its size. */
  readonly sizeBytes: number;
  readonly entries: number;
  /** False when not every byte of the tar could be kept (more than 1 MiB of inlined bytes): its blob has to be. */
  readonly remakeable: boolean;
  /**
   * Some entry stands elsewhere than its path says because of a symlink in a layer below, so that this index fits the layer
   * on this parent only: on another one the same diffID may need an index of its own.
   */
  readonly parentDependent: boolean;
}

export interface IndexDirectory {
  readonly summary: IndexSummary;
  readonly trailer: { readonly rawOffset: number; readonly codedBytes: number; readonly tarBytes: number };
  readonly blocks: readonly BlockInfo[];
  readonly amendments: readonly Amendment[];
}
