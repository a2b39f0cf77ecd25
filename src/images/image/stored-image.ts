import { isStrataError } from '../../errors/index.ts';
import { chainIds } from '../../layer/chain-id.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { Lazy } from '../../lib/lazy.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import { layerChain } from '../../snapshots/amendment.ts';
import { type ImageConfig, parseImageConfig } from '../../spec/config.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import { maxConfigBytes, maxManifestBytes } from '../../spec/limits.ts';
import { type Manifest, pairLayers, parseManifest } from '../../spec/manifest.ts';
import { mediaTypes } from '../../spec/media-types.ts';
import { layerAbsent } from '../../store/layers/presence.ts';
import type { Store } from '../../store/store.ts';
import { documentOf, tarDescriptor } from '../assemble-image.ts';
import { readDocument } from '../read-document.ts';
import type { Document, Layer } from './image.ts';
import { imageOfTars } from './image-of-tars.ts';
import { LayeredImage } from './layered-image.ts';
import { StoredLayer } from './stored-layer.ts';

export interface StoredImageOptions {
  readonly id: Digest;
  /** The manifest that names the config; undefined when only the config is known. */
  readonly manifest: Digest | undefined;
  /** Keeps everything that is read. */
  readonly lease: StoreLease;
}

/** An image of a store, usable as long as its lease is open. */
export class StoredImage extends LayeredImage {
  readonly id: Digest;
  readonly #store: Store;
  readonly #options: StoredImageOptions;
  readonly #config = new Lazy(() => this.#readConfig());
  readonly #content = new Lazy(() => this.#read());

  constructor(store: Store, options: StoredImageOptions) {
    super();
    this.id = options.id;
    this.#store = store;
    this.#options = options;
  }

  /** Throws ERR_BLOB_NOT_FOUND, ERR_BLOB_DAMAGED. */
  async config(options: AbortOptions = {}): Promise<Document<ImageConfig>> {
    const own = (await this.#content.get(options)).manifest.value.config;
    const config = await this.#config.get(options);
    return { ...config, descriptor: own };
  }

  async manifest(options: AbortOptions = {}): Promise<Document<Manifest>> {
    return (await this.#content.get(options)).manifest;
  }

  /** Throws ERR_LAYER_ABSENT when a layer is not recorded. */
  async layers(options: AbortOptions = {}): Promise<readonly Layer[]> {
    return (await this.#content.get(options)).layers;
  }

  async #readConfig(): Promise<Document<ImageConfig>> {
    const bytes = await readDocument(this.#store.blobs, this.id, maxConfigBytes);
    return { ...documentOf(mediaTypes.ociConfig, bytes), value: parseImageConfig(bytes).value };
  }

  async #read(): Promise<Content> {
    const { metadata } = this.#store;
    const config = await this.#config.get();
    const { diff_ids: diffIds } = config.value.rootfs;
    const snapshots = await this.#snapshotsOf(diffIds);
    const tars = diffIds.map((diffId, at) => {
      const record = metadata.layers.get(diffId);
      if (record === undefined) throw layerAbsent(diffId);
      return this.#layer({ diffId, snapshotId: snapshots[at], descriptor: tarDescriptor(record) });
    });
    const own = await this.#ownManifest();
    if (own === undefined) return imageOfTars(config, tars);
    const layers = pairLayers(own.value, config.value).map(({ descriptor, diffId }, at) =>
      this.#layer({ diffId, snapshotId: snapshots[at], descriptor }),
    );
    return { manifest: own, layers };
  }

  #layer(layer: Pick<StoredLayer, 'diffId' | 'snapshotId' | 'descriptor'>): StoredLayer {
    return new StoredLayer(this.#store, this.#options.lease, layer);
  }

  /**
   * Returns the snapshots of the layers, base first: the image's own one and its ancestors. Another image's snapshot
   * may have the chainID of a lower layer, but is removed with that image.
   */
  async #snapshotsOf(diffIds: readonly DiffId[]): Promise<string[]> {
    const { metadata } = this.#store;
    const { name } = await this.#store.openDriver();
    const chainId = chainIds(diffIds).at(-1);
    const top = chainId && (await metadata.snapshots.findByChainId(name, chainId, this.#options.lease));
    return top ? layerChain(top.id, metadata.snapshots).reverse() : [];
  }

  /** Returns undefined when its bytes are not stored; a new manifest then replaces it. */
  async #ownManifest(): Promise<Document<Manifest> | undefined> {
    const { manifest: digest } = this.#options;
    if (digest === undefined) return undefined;
    try {
      const bytes = await readDocument(this.#store.blobs, digest, maxManifestBytes);
      const { value } = parseManifest(bytes);
      return { descriptor: { mediaType: value.mediaType, digest, size: bytes.length }, bytes, value };
    } catch (error) {
      if (isStrataError(error, 'ERR_BLOB_NOT_FOUND')) return undefined;
      throw error;
    }
  }
}

interface Content {
  readonly manifest: Document<Manifest>;
  readonly layers: readonly Layer[];
}
