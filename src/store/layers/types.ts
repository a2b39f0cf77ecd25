import type { ChangedTree } from '../../layer/diff/change.ts';
import type { LayerIndex } from '../../layer/index-file/layer-index.ts';
import type { LayerFiles } from '../../layer/record-body.ts';
import type { AppliedLayer, LayerProgress, LayerSource } from '../../layer/types.ts';
import type { Lease } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { LayerRecord } from '../../metadata/layers.ts';
import type { ChainId, DiffId } from '../../spec/digest.ts';
import type { LayerIndexes } from './layer-indexes.ts';

/** A layer to be unpacked, if the store lacks it. */
export interface LayerToUnpack {
  readonly diffId: DiffId;
  /** Called only when the layer has to be unpacked; may throw. */
  readonly source: () => LayerSource;
}

export interface UnpackRequest extends AbortOptions {
  /** Layers from the base up. */
  readonly layers: readonly LayerToUnpack[];
  readonly lease: Lease;
  readonly report?: (event: LayerProgress) => void;
}

/** An unpacked layer: committed under its chainID, indexed and recorded. */
export interface UnpackedLayer {
  readonly record: LayerRecord;
  /** Result of unpacking; undefined for a layer that was unpacked before. */
  readonly applied: AppliedLayer | undefined;
  /** True when the exact tar can be made again from the layer's index and its files on this chain. */
  readonly remakeable: boolean;
}

/** An unpacked chain of layers, all pinned to the lease. */
export interface UnpackedChain {
  /** Layers from the base up. */
  readonly layers: readonly UnpackedLayer[];
  /** The snapshot of the whole chain; undefined for an image without layers. */
  readonly snapshotId: string | undefined;
}

/** A layer and its sizes. */
export interface LayerSizes {
  readonly diffId: DiffId;
  readonly tarSizeBytes: number;
  readonly sizeBytes: number;
}

/** A layer made of a snapshot's changes. */
export interface CreatedLayer extends LayerSizes {
  /** Snapshot of the layer: another one than the given one if the same chain existed before. */
  readonly snapshotId: string;
  /** ChainID up to this layer. */
  readonly chainId: ChainId;
  /** Bytes of files that it deletes, for each layer of the same build below it, nearest first. */
  readonly deletes: readonly number[];
  /** False when the layer existed before, and only its row was read. */
  readonly isNew: boolean;
}

/** The layers below a snapshot. */
export interface LayersBelow {
  /** ChainID of all of them; undefined if there are none. */
  readonly chainId: ChainId | undefined;
  /** Layers that the same build made, nearest first. */
  readonly made: readonly DiffId[];
}

/** Changes to copy into a new snapshot. */
export interface CopiedChanges {
  readonly tree: ChangedTree;
  /** Paths to leave out. */
  readonly without: ReadonlySet<string>;
}

/** Makes layers of snapshots' changes. */
export interface LayerMaker {
  /**
   * Returns the layer of a committed snapshot's changes, made at the first call. The snapshot carries its chainID
   * afterwards, so a second call only reads a row.
   */
  make(snapshotId: string, below: LayersBelow, options: AbortOptions): Promise<CreatedLayer>;
}

export type MakeLayerOptions = AbortOptions & { readonly lease: Lease };

/** Files of a layer, which can be read until disposal. */
export interface OpenLayerFiles extends AsyncDisposable {
  readonly files: LayerFiles;
}

/** The layers of a store. Results of `unpack`, `make` and `copy` are durable only once their snapshot is persisted. */
export interface LayerStore {
  readonly indexes: LayerIndexes;
  /** Opens the index of a layer. Throws what `LayerIndex.open` throws. */
  open(diffId: DiffId): Promise<LayerIndex>;
  /** Opens the files of a snapshot's layer. Throws ERR_SNAPSHOT_NOT_FOUND, ERR_SNAPSHOT_DAMAGED. */
  openFiles(snapshotId: string, options: AbortOptions): Promise<OpenLayerFiles>;
  /** Unpacks the missing layers of a chain. Throws as `unpackChain`. */
  unpack(request: UnpackRequest): Promise<UnpackedChain>;
  /** Returns the layer of a committed snapshot's changes, made at the first call. */
  make(snapshotId: string, below: LayersBelow, options: MakeLayerOptions): Promise<CreatedLayer>;
  /** Copies changes on the same parent into a new snapshot, and makes their layer at the same time. */
  copy(snapshotId: string, changes: CopiedChanges, options: MakeLayerOptions): Promise<void>;
}
