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
import type { LayerEntry } from '../../layer/merged/layer-entry.ts';
import type { LayerTable } from '../../layer/merged/layer-table.ts';
import type { LayerChange } from '../../layer/merged/list-layer-changes.ts';
import type { MergedFile } from '../../layer/merged/merged-file.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import type { Manifest } from '../../spec/manifest.ts';
import type { Store } from '../../store/store.ts';
import { Lifetime } from '../lifetime.ts';
import { perform } from '../perform.ts';
import { findRequestedImage } from './find-requested-image.ts';
import type { ImageLookUpOptions } from './image-types.ts';

export interface OpenImageOptions extends ImageLookUpOptions {
  readonly onClosed?: () => void;
}

/** Opens an image and pins its data until it is closed. Throws as `findRequestedImage`. */
export async function openImage(store: Store, name: string, options: OpenImageOptions): Promise<OpenImage> {
  const { metadata } = store;
  const lease = await metadata.leases.openToRead('look inside', options);
  try {
    const found = await lease.withPins((pin) => {
      const { id, target } = pinFound(pin, findRequestedImage(metadata, name, options));
      return { id, manifest: manifestOfImage(metadata, id, target, pin) };
    }, options);
    return new OpenImage(new StoredImage(store, { ...found, lease }), lease, options.onClosed);
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * An image of the store, pinned until it is closed by `await using`, `[Symbol.asyncDispose]()` or its engine. Closing aborts
 * all reads in progress; they and later calls throw ERR_CLOSED.
 */
export class OpenImage implements Image, AsyncDisposable {
  readonly id: Digest;
  readonly #image: Image;
  readonly #lease: StoreLease;
  readonly #onClosed: (() => void) | undefined;
  readonly #lifetime: Lifetime;

  constructor(image: Image, lease: StoreLease, onClosed: (() => void) | undefined) {
    this.id = image.id;
    this.#image = image;
    this.#lease = lease;
    this.#onClosed = onClosed;
    this.#lifetime = new Lifetime(`image ${image.id}`);
  }

  config(options: AbortOptions = {}): Promise<Document<ImageConfig>> {
    return this.#lifetime.run(options, (own) => this.#image.config(own));
  }

  manifest(options: AbortOptions = {}): Promise<Document<Manifest>> {
    return this.#lifetime.run(options, (own) => this.#image.manifest(own));
  }

  layers(options: AbortOptions = {}): Promise<readonly Layer[]> {
    return this.#lifetime.run(options, async (own) =>
      (await this.#image.layers(own)).map((layer) => new OpenLayer(layer, this.#lifetime)),
    );
  }

  files(options: ListFilesOptions = {}): AsyncIterable<MergedFile> {
    return this.#lifetime.stream(options, async (own) => this.#image.files(own));
  }

  file(path: string | Uint8Array, options: FileOptions = {}): Promise<MergedFile> {
    return this.#lifetime.run(options, (own) => this.#image.file(path, own));
  }

  content(file: MergedFile, options: ContentOptions = {}): AsyncIterable<Uint8Array> {
    return this.#lifetime.stream(options, async (own) => this.#image.content(file, own));
  }

  readFile(path: string | Uint8Array, options: ReadFileOptions = {}): Promise<Uint8Array> {
    return this.#lifetime.run(options, (own) => this.#image.readFile(path, own));
  }

  tar(options: TarOptions = {}): AsyncIterable<Uint8Array> {
    return this.#lifetime.stream(options, async (own) => this.#image.tar(own));
  }

  changes(layer: number, options: AbortOptions = {}): AsyncIterable<LayerChange> {
    return this.#lifetime.stream(options, async (own) => this.#image.changes(layer, own));
  }

  /** Closes the image. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    const end = async (): Promise<void> => await this.#lease[Symbol.asyncDispose]();
    await perform(async () => await this.#lifetime.close(end).finally(this.#onClosed));
  }
}

class OpenLayer implements Layer {
  readonly diffId: DiffId;
  readonly descriptor: Descriptor;
  readonly #layer: Layer;
  readonly #lifetime: Lifetime;

  constructor(layer: Layer, lifetime: Lifetime) {
    this.diffId = layer.diffId;
    this.descriptor = layer.descriptor;
    this.#layer = layer;
    this.#lifetime = lifetime;
  }

  blob(options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return this.#lifetime.stream(options, async (own) => this.#layer.blob(own));
  }

  tar(options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return this.#lifetime.stream(options, async (own) => this.#layer.tar(own));
  }

  entries(options: AbortOptions = {}): AsyncIterable<LayerEntry> {
    return this.#lifetime.stream(options, async (own) => this.#layer.entries(own));
  }

  content(entry: Pick<LayerEntry, 'ordinal'>, options: ContentOptions = {}): AsyncIterable<Uint8Array> {
    return this.#lifetime.stream(options, async (own) => this.#layer.content(entry, own));
  }

  openTable(options: TableOptions): Promise<LayerTable | undefined> {
    return this.#lifetime.run(options, async (own) => await this.#layer.openTable?.(own));
  }
}
