import type { LayerIndex } from '../../layer/index-file/layer-index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { DiffId } from '../../spec/digest.ts';
import type { Store } from '../store.ts';
import { openLayerFiles } from './layer-files.ts';
import { LayerIndexes } from './layer-indexes.ts';
import type {
  CopiedChanges,
  CreatedLayer,
  LayerStore,
  LayersBelow,
  MakeLayerOptions,
  OpenLayerFiles,
  UnpackedChain,
  UnpackRequest,
} from './types.ts';

/** The layers of an open store. The code that unpacks and makes them is loaded when it is first used. */
export class StoreLayers implements LayerStore {
  readonly indexes: LayerIndexes;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
    const { layout, locks, metadata } = store;
    this.indexes = new LayerIndexes(layout.indexes, locks, (diffId) => metadata.layers.isNamed(diffId));
  }

  async open(diffId: DiffId): Promise<LayerIndex> {
    const { LayerIndex } = await import('../../layer/index-file/layer-index.ts');
    return LayerIndex.open(this.indexes.pathOf(diffId));
  }

  async openFiles(snapshotId: string, options: AbortOptions): Promise<OpenLayerFiles> {
    return await openLayerFiles(this.#store, snapshotId, options);
  }

  async unpack(request: UnpackRequest): Promise<UnpackedChain> {
    const { unpackChain } = await import('./unpack.ts');
    return await unpackChain(this.#store, request);
  }

  async make(snapshotId: string, below: LayersBelow, options: MakeLayerOptions): Promise<CreatedLayer> {
    const { makeLayer } = await import('./make-layer.ts');
    return await makeLayer(this.#store, snapshotId, below, options);
  }

  async copy(snapshotId: string, changes: CopiedChanges, options: MakeLayerOptions): Promise<void> {
    const { copyIntoLayer } = await import('./make-layer.ts');
    await copyIntoLayer(this.#store, snapshotId, changes, options);
  }
}
