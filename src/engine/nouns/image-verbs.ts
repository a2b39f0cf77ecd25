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
 * The images of a store. `name` is a reference such as `busybox` or `ghcr.io/org/app:1`, a digest, an image ID or the
 * beginning of one.
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
   * Lists images, newest first, once for each of their names. Filters: `dangling`, `label`, `before`, `since`, `reference`,
   * `until`.
   *
   * @throws ERR_FILTER_INVALID, ERR_TIME_INVALID, ERR_PATTERN_INVALID, and for the images that `before` and `since` name as
   * {@link history}.
   */
  list(options: ListImagesOptions = {}): Promise<ImageSummary[]> {
    return this.#calls.call(
      () => import('../images/list.ts'),
      options,
      ({ listImages }, store, own) => listImages(store, own),
    );
  }

  /**
   * Returns the layers as a tree with the images on them, and the bytes each image shares with others. Filters and errors as
   * {@link list}.
   */
  tree(options: ListImagesOptions = {}): Promise<ImageTree> {
    return this.#calls.call(
      () => import('../images/tree.ts'),
      options,
      ({ imageTree }, store, own) => imageTree(store, own),
    );
  }

  /**
   * Returns the build steps of an image, newest first.
   *
   * @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS, ERR_REFERENCE_INVALID, ERR_PLATFORM_INVALID.
   */
  history(name: string, options: ImageLookUpOptions = {}): Promise<ImageHistory> {
    return this.#calls.call(
      () => import('../images/history.ts'),
      options,
      ({ imageHistory }, store, own) => imageHistory(store, name, own),
    );
  }

  /** Returns an image's names, config, size and storage directories. Throws as {@link history}. */
  inspect(name: string, options: ImageLookUpOptions = {}): Promise<ImageDetails> {
    return this.#calls.call(
      () => import('../images/inspect.ts'),
      options,
      ({ inspectImage }, store, own) => inspectImage(store, name, own),
    );
  }

  /**
   * Opens an image to read its documents, layers and files without a container. Until it is closed, neither a removal nor a
   * prune takes any of its data. Throws as {@link history}.
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
      ({ openImage }, store, own, onClosed) => openImage(store, name, { ...own, onClosed }),
    );
  }

  /**
   * Copies files out of an image to a path of the host or as a tar stream, by the rules of `docker cp`. Returns the size of
   * the tar in bytes. After a failure some files may have been written.
   *
   * @throws ERR_COPY_NOT_FOUND, ERR_COPY_REFUSED, ERR_ARCHIVE_ENTRY, ERR_NO_SPACE, the errors of reading layers
   * (ERR_LAYER_*), and as {@link history}.
   */
  copyFrom(name: string, request: CopyFromImageRequest): Promise<number> {
    return this.#calls.call(
      () => import('../images/copy-from-image.ts'),
      request,
      ({ copyFromImage }, store, own) => copyFromImage(store, name, own),
    );
  }

  /**
   * Stores an image object, such as one made by `strata-oci/images`, with its own config and manifest byte for byte. Reads
   * only layers that the store lacks. The image is on the disk and has its tags when `result` resolves. Idempotent.
   *
   * ```ts
   * await using base = await engine.images.open('busybox');
   * const layer = await layerOfFiles([{ kind: 'file', path: 'etc/motd', content: 'hello' }]);
   * await engine.images.store(await appendLayer(base, layer), { tags: ['greeting'] }).result;
   * ```
   *
   * @throws ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, and the errors of reading and unpacking layers (ERR_LAYER_*,
   * ERR_ARCHIVE_*).
   */
  store(image: Image, options: StoreImageOptions = {}): Operation<LoadImagesEvent, RecordedImage> {
    return this.#calls.storing(
      () => import('../../images/store-image.ts'),
      options,
      ({ storeImage }, store, control) => storeImage(store, image, options, control),
    );
  }

  /**
   * Gives the image `source` the further name `target`. An image that had this name loses it. Idempotent.
   *
   * @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS, ERR_REFERENCE_INVALID, ERR_TAG_REFUSED.
   */
  tag(source: string, target: string, options: AbortOptions = {}): Promise<TaggedImage> {
    return this.#calls.call(
      () => import('../../images/tag-image.ts'),
      options,
      ({ tagImage }, { metadata }, own) => tagImage(metadata, source, target, { ...own, platform: hostPlatform() }),
    );
  }

  /**
   * Removes one name of an image. With its last name, or given by ID, the image goes with all layers that nothing else uses.
   * Quick, whatever the size: files are deleted in the background. The build cache stays.
   *
   * @throws ERR_IMAGE_IN_USE when a container uses it, or as {@link history}.
   */
  remove(name: string, options: RemoveImageOptions = {}): Promise<RemovedImages> {
    return this.#calls.call(
      () => import('../images/remove.ts'),
      options,
      ({ removeImage }, store, own) => removeImage(store, name, own),
    );
  }

  /**
   * Removes images that have no name and that no container uses; with `all` also those with names. The build cache stays.
   *
   * @throws ERR_FILTER_INVALID, ERR_FILTER_REPEATED, ERR_TIME_INVALID.
   */
  prune(request: PruneImagesRequest = {}): Promise<RemovedImages> {
    return this.#calls.call(
      () => import('../images/remove.ts'),
      request,
      ({ pruneImages }, store, own) => pruneImages(store, own),
    );
  }

  /**
   * Stores the images of an archive, all of them or none. Reads the archives of `docker save` and OCI layouts, in any
   * compression, from a file, a stream or a folder. The images are on the disk and have their names when `result` resolves.
   * Idempotent.
   *
   * @throws ERR_ARCHIVE_*, and the errors of unpacking layers (ERR_LAYER_*).
   */
  load(request: LoadRequest): Operation<LoadEvent, LoadResult> {
    return this.#calls.storing(
      () => import('../../images/load/load-archive.ts'),
      request,
      ({ loadArchive }, store, control) => loadArchive(store, request, control),
    );
  }

  /**
   * Writes images into one tar, the same bytes each time. Every layer is verified against its digest. An output
   * file appears under its name only when complete.
   *
   * @throws ERR_IMAGE_NOT_FOUND, ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED, ERR_OUTPUT_INVALID, ERR_OUTPUT_FAILED.
   */
  save(request: SaveRequest): Operation<SaveEvent, SaveResult> {
    return this.#calls.operation(
      () => import('../../images/save/save-archive.ts'),
      request,
      ({ saveArchive }, store, control) => saveArchive(store, request, control),
    );
  }

  /**
   * Creates an image of one layer from a tar of a filesystem, in any compression. The image is on the disk and has its name
   * when `result` resolves.
   *
   * @throws ERR_REFERENCE_INVALID, ERR_IMPORT_NAME, ERR_CHANGE_INVALID, ERR_PLATFORM_INVALID, ERR_ARCHIVE_UNREADABLE, and
   * the errors of unpacking layers (ERR_LAYER_*).
   */
  import(request: ImportRequest): Operation<ImportEvent, RecordedImage> {
    return this.#calls.storing(
      () => import('../images/import-archive.ts'),
      request,
      ({ importArchive }, store, control) => importArchive(store, request, control),
    );
  }
}
