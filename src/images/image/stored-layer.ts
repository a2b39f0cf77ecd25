import type { StoreLease } from '../../metadata/leases.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import type { DiffId } from '../../spec/digest.ts';
import { layerAbsent, layerBlob } from '../../store/layers/layer-blob.ts';
import type { Store } from '../../store/store.ts';
import { tarDescriptor } from '../assemble-image.ts';
import type { Layer, ReadOptions } from './image.ts';

/** A layer of a stored image. */
export class StoredLayer implements Layer {
  readonly diffId: DiffId;
  readonly descriptor: Descriptor;
  /** With the layer's files; undefined when they are not unpacked for the driver in use. */
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
}
