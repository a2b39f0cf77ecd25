import type { Image } from '../../images/image/image.ts';
import type { LoadImagesEvent } from '../../images/load/load-images.ts';
import type { LoadEvent, LoadRequest, LoadResult } from '../../images/load/load-types.ts';
import type { RecordedImage } from '../../images/record-image.ts';
import type { SaveRequest, SaveResult } from '../../images/save/save-types.ts';
import type { SaveEvent } from '../../images/save/write-archive.ts';
import type { StoreImageOptions } from '../../images/store-image.ts';
import type { TaggedImage } from '../../images/tag-image.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import type { Calls } from '../calls.ts';
import type { CopyFromImageRequest } from '../images/copy-from-image.ts';
import type {
  ImageDetails,
  ImageHistory,
  ImageLookUpOptions,
  ImageSummary,
  ImageTree,
  ListImagesOptions,
} from '../images/image-types.ts';
import type { ImportEvent, ImportRequest } from '../images/import-types.ts';
import type { OpenImage } from '../images/open-image.ts';
import type { PruneImagesRequest, RemovedImages, RemoveImageOptions } from '../images/remove.ts';
import type { Operation } from '../operation.ts';

/**
 * The images of a store. `name` is a reference, an image ID or the beginning of one.
 *
 * ```ts
 * await using load = engine.images.load({ input: 'images.tar' });
 * for await (const event of load) if (event.type === 'layer') console.log(event.diffId, event.state);
 * for (const { repository, tag, sizeBytes } of await engine.images.list()) console.log(repository, tag, sizeBytes);
 * ```
 */
export class ImageVerbs {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * Lists images, newest first, once for each of their names; with filters (`dangling`, `label`, `before`, `since`,
   * `reference`, `until`) only those that pass. Throws ERR_FILTER_INVALID, ERR_TIME_INVALID, ERR_PATTERN_INVALID, and
   * for the images of `before` and `since` as {@link history}.
   */
  list(options: ListImagesOptions = {}): Promise<ImageSummary[]> {
    return this.#calls.call(
      () => import('../images/list.ts'),
      options,
      ({ listImages }, store, own) => listImages(store, own),
    );
  }

  /** Returns which images stand on which layers, and what each shares with others; filters as {@link list}. */
  tree(options: ListImagesOptions = {}): Promise<ImageTree> {
    return this.#calls.call(
      () => import('../images/tree.ts'),
      options,
      ({ imageTree }, store, own) => imageTree(store, own),
    );
  }

  /** Returns the steps of an image. Throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS, ERR_REFERENCE_INVALID, ERR_PLATFORM_INVALID. */
  history(name: string, options: ImageLookUpOptions = {}): Promise<ImageHistory> {
    return this.#calls.call(
      () => import('../images/history.ts'),
      options,
      ({ imageHistory }, store, own) => imageHistory(store, name, own),
    );
  }

  /** Returns what an image is: names, config, layers, where it is stored. Throws as {@link history}. */
  inspect(name: string, options: ImageLookUpOptions = {}): Promise<ImageDetails> {
    return this.#calls.call(
      () => import('../images/inspect.ts'),
      options,
      ({ inspectImage }, store, own) => inspectImage(store, name, own),
    );
  }

  /**
   * Opens an image to look inside: its documents, layers and files, without a container. It is held, so that nothing of it is
   * removed, until it is closed. Throws as {@link history}.
   *
   * ```ts
   * await using image = await engine.images.open('busybox');
   * const passwd = await image.readFile('/etc/passwd');
   * ```
   */
  open(name: string, options: ImageLookUpOptions = {}): Promise<OpenImage> {
    return this.#calls.open(
      () => import('../images/open-image.ts'),
      options,
      ({ openImage }, store, own, ended) => openImage(store, name, { ...own, onClosed: ended }),
    );
  }

  /**
   * Copies files out of an image by docker's rules of `cp`, to a path or as a tar; returns the bytes of the tar. Throws as
   * {@link history}, ERR_COPY_NOT_FOUND, ERR_COPY_REFUSED, ERR_NO_SPACE, and what reading the layers throws.
   */
  copyFrom(name: string, request: CopyFromImageRequest): Promise<number> {
    return this.#calls.call(
      () => import('../images/copy-from-image.ts'),
      request,
      ({ copyFromImage }, store, own) => copyFromImage(store, name, own),
    );
  }

  /**
   * Stores any image, such as one that `strata-oci/images` has changed, under its own documents. Only layers that the store
   * lacks are read. Durable and named when it resolves. Throws ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, what reading the layers
   * throws, and what unpacking throws.
   *
   * ```ts
   * await using base = await engine.images.open('busybox');
   * const layer = await layerOfFiles([{ kind: 'file', path: 'etc/motd', content: 'hello' }]);
   * await engine.images.store(await appendLayer(base, layer), { tags: ['greeting'] }).result;
   * ```
   */
  store(image: Image, options: StoreImageOptions = {}): Operation<LoadImagesEvent, RecordedImage> {
    return this.#calls.storing(
      () => import('../../images/store-image.ts'),
      options,
      ({ storeImage }, store, control) => storeImage(store, image, options, control),
    );
  }

  /**
   * Gives an image a further name, taken from any image that had it. Throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS,
   * ERR_REFERENCE_INVALID, ERR_TAG_REFUSED.
   */
  tag(source: string, target: string, options: AbortOptions = {}): Promise<TaggedImage> {
    return this.#calls.call(
      () => import('../../images/tag-image.ts'),
      options,
      ({ tagImage }, { metadata }, own) => tagImage(metadata, source, target, { ...own, platform: hostPlatform() }),
    );
  }

  /**
   * Removes a name of an image, or the image with all that only it held; quick, whatever its size. Refuses what a
   * container uses (ERR_IMAGE_IN_USE). The build cache stays. Throws as {@link history}.
   */
  remove(name: string, options: RemoveImageOptions = {}): Promise<RemovedImages> {
    return this.#calls.call(
      () => import('../images/remove.ts'),
      options,
      ({ removeImage }, store, own) => removeImage(store, name, own),
    );
  }

  /**
   * Removes images without names, or with `all` every image, that no container uses. The build cache stays. Throws
   * ERR_FILTER_INVALID, ERR_FILTER_REPEATED, ERR_TIME_INVALID.
   */
  prune(request: PruneImagesRequest = {}): Promise<RemovedImages> {
    return this.#calls.call(
      () => import('../images/remove.ts'),
      request,
      ({ pruneImages }, store, own) => pruneImages(store, own),
    );
  }

  /**
   * Stores the images of an archive (docker's or an OCI layout; a file, a stream or a folder), all of them or none. They
   * are durable and named when it resolves. Throws ERR_ARCHIVE_*, and what unpacking throws.
   */
  load(request: LoadRequest): Operation<LoadEvent, LoadResult> {
    return this.#calls.storing(
      () => import('../../images/load/load-archive.ts'),
      request,
      ({ loadArchive }, store, control) => loadArchive(store, request, control),
    );
  }

  /**
   * Writes images into one archive, the same bytes each time; every layer is verified on its way. Throws
   * ERR_IMAGE_NOT_FOUND, ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED, ERR_OUTPUT_INVALID, and what writing throws.
   */
  save(request: SaveRequest): Operation<SaveEvent, SaveResult> {
    return this.#calls.operation(
      () => import('../../images/save/save-archive.ts'),
      request,
      ({ saveArchive }, store, control) => saveArchive(store, request, control),
    );
  }

  /**
   * Makes an image of one layer from a tar of a filesystem. Durable and named when it resolves. Throws
   * ERR_REFERENCE_INVALID, ERR_CHANGE_INVALID, ERR_ARCHIVE_UNREADABLE, and what unpacking throws.
   */
  import(request: ImportRequest): Operation<ImportEvent, RecordedImage> {
    return this.#calls.storing(
      () => import('../images/import-archive.ts'),
      request,
      ({ importArchive }, store, control) => importArchive(store, request, control),
    );
  }
}
