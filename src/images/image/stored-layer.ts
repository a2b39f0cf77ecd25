import type { LayerEntry } from '../../layer/merged/layer-entry.ts';
import type { LayerTable } from '../../layer/merged/layer-table.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import type { DiffId } from '../../spec/digest.ts';
import { layerBlob } from '../../store/layers/layer-blob.ts';
import { layerAbsent } from '../../store/layers/presence.ts';
import type { Store } from '../../store/store.ts';
import { tarDescriptor } from '../assemble-image.ts';
import type { ContentOptions, Layer, ReadOptions, TableOptions } from './image.ts';

/** A layer of a stored image. */
export class StoredLayer implements Layer {
  readonly diffId: DiffId;
  readonly descriptor: Descriptor;
  /** Snapshot with the layer's files; undefined when they are not unpacked for the driver in use. */
  readonly snapshotId: string | undefined;
  readonly #store: Store;
  readonly #lease: StoreLease;

  constructor(
    store: Store,
    lease: StoreLease,
    { diffId, descriptor, snapshotId }: Pick<StoredLayer, 'diffId' | 'descriptor' | 'snapshotId'>,
  ) {
    this.diffId = diffId;
    this.descriptor = descriptor;
    this.snapshotId = snapshotId;
    this.#store = store;
    this.#lease = lease;
  }

  blob(options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return layerBlob(this.#store, this, { ...options, lease: this.#lease });
  }

  tar(options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    const record = this.#store.metadata.layers.get(this.diffId);
    if (record === undefined) throw layerAbsent(this.diffId);
    const { diffId, snapshotId } = this;
    return layerBlob(
      this.#store,
      { diffId, snapshotId, descriptor: tarDescriptor(record) },
      { ...options, lease: this.#lease },
    );
  }

  async *entries({ signal }: AbortOptions = {}): AsyncGenerator<LayerEntry, void> {
    const { indexEntries } = await import('./index-entries.ts');
    using index = await this.#store.layers.open(this.diffId);
    for (const entry of indexEntries(index)) {
      signal?.throwIfAborted();
      yield entry;
    }
  }

  async *content(
    { ordinal }: Pick<LayerEntry, 'ordinal'>,
    options: ContentOptions = {},
  ): AsyncGenerator<Uint8Array, void> {
    const { contentOrdinal } = await import('./index-entries.ts');
    const { layerContent } = await import('../../store/layers/layer-content.ts');
    const from = contentOrdinal(await this.#store.layers.open(this.diffId), ordinal);
    yield* layerContent(this.#store, this, from, { ...options, lease: this.#lease });
  }

  async openTable({ isBase }: TableOptions): Promise<LayerTable | undefined> {
    const { indexTable } = await import('./index-entries.ts');
    const { snapshotId } = this;
    const snapshot = snapshotId === undefined ? undefined : this.#store.metadata.snapshots.get(snapshotId);
    return indexTable(await this.#store.layers.open(this.diffId), { isBase, snapshot });
  }
}
