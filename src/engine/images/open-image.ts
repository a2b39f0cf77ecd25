import { pinFound } from '../../images/hold-image.ts';
import type {
  ContentOptions,
  Document,
  FileOptions,
  Image,
  Layer,
  ListFilesOptions,
  ReadFileOptions,
  ReadOptions,
  TableOptions,
  TarOptions,
} from '../../images/image/image.ts';
import { StoredImage } from '../../images/image/stored-image.ts';
import { manifestOfImage } from '../../images/manifest-of-image.ts';
import type { LayerChange } from '../../layer/inside/changes-of-layer.ts';
import type { LayerEntry } from '../../layer/inside/layer-entry.ts';
import type { LayerTable } from '../../layer/inside/layer-table.ts';
import type { MergedFile } from '../../layer/inside/merged-file.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import type { Manifest } from '../../spec/manifest.ts';
import type { Store } from '../../store/store.ts';
import { perform, toRejection } from '../perform.ts';
import type { ImageLookUpOptions } from './image-types.ts';
import { lookUpImage } from './look-up.ts';

/** Opens an image of the store and holds it, so that nothing of it is removed. Throws as `lookUpImage`. */
export async function openImage(store: Store, name: string, options: ImageLookUpOptions): Promise<OpenImage> {
  const { metadata } = store;
  const lease = await metadata.leases.openToRead('look inside', options);
  try {
    const found = await lease.pinning((pin) => {
      const { id, target } = pinFound(pin, lookUpImage(metadata, name, options));
      return { id, manifest: manifestOfImage(metadata, id, target, pin) };
    }, options);
    return new OpenImage(new StoredImage(store, { ...found, lease }), lease);
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * An image of the store, held until it is closed with `await using` or `[Symbol.asyncDispose]()`. Nothing of it may be read
 * afterwards.
 */
export class OpenImage implements Image, AsyncDisposable {
  readonly id: Digest;
  readonly #image: Image;
  readonly #lease: StoreLease;

  constructor(image: Image, lease: StoreLease) {
    this.id = image.id;
    this.#image = image;
    this.#lease = lease;
  }

  config(options?: AbortOptions): Promise<Document<ImageConfig>> {
    return perform(() => this.#image.config(options), options);
  }

  manifest(options?: AbortOptions): Promise<Document<Manifest>> {
    return perform(() => this.#image.manifest(options), options);
  }

  layers(options?: AbortOptions): Promise<readonly Layer[]> {
    return perform(async () => (await this.#image.layers(options)).map((layer) => new OpenLayer(layer)), options);
  }

  files(options?: ListFilesOptions): AsyncIterable<MergedFile> {
    return stream(() => this.#image.files(options), options);
  }

  file(path: string | Uint8Array, options?: FileOptions): Promise<MergedFile> {
    return perform(() => this.#image.file(path, options), options);
  }

  content(file: MergedFile, options?: ContentOptions): AsyncIterable<Uint8Array> {
    return stream(() => this.#image.content(file, options), options);
  }

  readFile(path: string | Uint8Array, options?: ReadFileOptions): Promise<Uint8Array> {
    return perform(() => this.#image.readFile(path, options), options);
  }

  tar(options?: TarOptions): AsyncIterable<Uint8Array> {
    return stream(() => this.#image.tar(options), options);
  }

  changes(layer: number, options?: AbortOptions): AsyncIterable<LayerChange> {
    return stream(() => this.#image.changes(layer, options), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await perform(async () => await this.#lease[Symbol.asyncDispose]());
  }
}

class OpenLayer implements Layer {
  readonly diffId: DiffId;
  readonly descriptor: Descriptor;
  readonly #layer: Layer;

  constructor(layer: Layer) {
    this.diffId = layer.diffId;
    this.descriptor = layer.descriptor;
    this.#layer = layer;
  }

  blob(options?: ReadOptions): AsyncIterable<Uint8Array> {
    return stream(() => this.#layer.blob(options), options);
  }

  tar(options?: ReadOptions): AsyncIterable<Uint8Array> {
    return stream(() => this.#layer.tar(options), options);
  }

  entries(options?: AbortOptions): AsyncIterable<LayerEntry> {
    return stream(() => this.#layer.entries(options), options);
  }

  content(entry: Pick<LayerEntry, 'ordinal'>, options?: ContentOptions): AsyncIterable<Uint8Array> {
    return stream(() => this.#layer.content(entry, options), options);
  }

  openTable(options: TableOptions): Promise<LayerTable | undefined> {
    return perform(async () => await this.#layer.openTable?.(options), options);
  }
}

async function* stream<Item>(items: () => AsyncIterable<Item>, options?: AbortOptions): AsyncGenerator<Item, void> {
  try {
    yield* items();
  } catch (error) {
    throw toRejection(error, options);
  }
}
