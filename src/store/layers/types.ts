import type { ChangedTree } from '../../layer/diff/change.ts';
import type { LayerIndex } from '../../layer/index-file/layer-index.ts';
import type { LayerFiles } from '../../layer/record-body.ts';
import type { AppliedLayer, LayerProgress, LayerSource } from '../../layer/types.ts';
import type { Lease } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { LayerRecord } from '../../metadata/layers.ts';
import type { ChainId, DiffId } from '../../spec/digest.ts';
import type { LayerIndexes } from './layer-indexes.ts';

export interface LayerToUnpack {
  readonly diffId: DiffId;
  /** Called only when the layer has to be unpacked; may throw. */
  readonly source: () => LayerSource;
}

export interface UnpackRequest extends AbortOptions {
  /** From the base up. */
  readonly layers: readonly LayerToUnpack[];
  readonly lease: Lease;
  readonly report?: (event: LayerProgress) => void;
}

/** A layer that stands: unpacked, committed under its chainID, indexed and recorded. */
export interface UnpackedLayer {
  readonly record: LayerRecord;
  /** Absent for a layer that stood already. */
  readonly applied: AppliedLayer | undefined;
  /** Its exact tar can be made again from its index and its files on this chain. */
  readonly remakeable: boolean;
}

/** All of it is pinned to the lease. */
export interface UnpackedChain {
  /** From the base up. */
  readonly layers: readonly UnpackedLayer[];
  /** The snapshot of the whole chain; undefined for an image without layers. */
  readonly snapshotId: string | undefined;
}

/** A layer as the image names and weighs it. */
export interface LayerSizes {
  readonly diffId: DiffId;
  readonly tarSizeBytes: number;
  readonly sizeBytes: number;
}

/** A layer made of a snapshot's changes, and the snapshot that stands for it: another one when the same chain stood already. */
export interface CreatedLayer extends LayerSizes {
  readonly snapshotId: string;
  /** Of this layer and all below it. */
  readonly chainId: ChainId;
  /** For each layer of the same build below it, nearest first, how many bytes of that one's files it deletes. */
  readonly deletes: readonly number[];
  /** False when it was made before and only its row was read. */
  readonly isNew: boolean;
}

/** The layers that a snapshot stands on. */
export interface LayersBelow {
  /** Of all of them; undefined when there are none. */
  readonly chainId: ChainId | undefined;
  /** Those that the same build made, nearest first. */
  readonly made: readonly DiffId[];
}

/** Changes to copy into a new snapshot. */
export interface CopiedChanges {
  readonly tree: ChangedTree;
  /** Paths that are left out. */
  readonly without: ReadonlySet<string>;
}

/** Makes layers of snapshots' changes. */
export interface LayerMaker {
  /**
   * Returns the layer of a committed snapshot's changes, made at the first call. The snapshot carries its chainID
   * afterwards, so that a second call reads nothing but a row.
   */
  make(snapshotId: string, below: LayersBelow, options: AbortOptions): Promise<CreatedLayer>;
}

export type MakeLayerOptions = AbortOptions & { readonly lease: Lease };

/** Where the files of a layer are, for as long as this is held. */
export interface OpenLayerFiles extends AsyncDisposable {
  readonly files: LayerFiles;
}

/** The layers of a store. Nothing that `unpack`, `make` and `copy` make is durable before its snapshot is persisted. */
export interface LayerStore {
  readonly indexes: LayerIndexes;
  /** Opens the index of a layer. Throws what `LayerIndex.open` throws. */
  open(diffId: DiffId): Promise<LayerIndex>;
  /** Opens the files of the layer that a snapshot stands for. Throws ERR_SNAPSHOT_NOT_FOUND, ERR_SNAPSHOT_DAMAGED. */
  openFiles(snapshotId: string, options: AbortOptions): Promise<OpenLayerFiles>;
  /** Makes a chain of layers stand. Throws as `unpackChain`. */
  unpack(request: UnpackRequest): Promise<UnpackedChain>;
  /** Returns the layer of a committed snapshot's changes, made at the first call. */
  make(snapshotId: string, below: LayersBelow, options: MakeLayerOptions): Promise<CreatedLayer>;
  /** Gives a new snapshot a copy of changes to the same parent, and makes the layer of them on the way. */
  copy(snapshotId: string, changes: CopiedChanges, options: MakeLayerOptions): Promise<void>;
}
