import type { LayerEntry } from '../../layer/merged/layer-entry.ts';
import type { LayerTable } from '../../layer/merged/layer-table.ts';
import type { LayerChange } from '../../layer/merged/list-layer-changes.ts';
import type { MergedFile } from '../../layer/merged/merged-file.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import type { Manifest } from '../../spec/manifest.ts';

/** A document: its exact bytes, its parsed value, and the descriptor that names it. */
export interface Document<Value> {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly value: Value;
}

/**
 * An image of one platform: a config and layers, named by a manifest. Immutable and lazy: nothing is read before it is
 * requested, and nothing twice. Every document is verified against its digest when it is read.
 *
 * Its files are those that a container of it would see, read from the layers without unpacking or mounting anything.
 * Paths are resolved inside the image: symlinks start from its own root, and `..` stops there.
 *
 * ```ts
 * await using image = await engine.images.open('debian');
 * const text = new TextDecoder();
 * for await (const { path, kind } of image.files({ path: '/etc' })) console.log(text.decode(path), kind);
 * const release = text.decode(await image.readFile('/etc/os-release'));
 * ```
 */
export interface Image {
  /** The image ID: the digest of the config. */
  readonly id: Digest;
  config(options?: AbortOptions): Promise<Document<ImageConfig>>;
  /** Returns the manifest that names config and layers: the image's own, or a new one when it came without. */
  manifest(options?: AbortOptions): Promise<Document<Manifest>>;
  /** Returns the layers, from the base up. */
  layers(options?: AbortOptions): Promise<readonly Layer[]>;
  /**
   * Lists the file at a path (default: the root) and everything below it: parents first, by bytes.
   *
   * ```ts
   * const text = new TextDecoder();
   * for await (const { path, sizeBytes } of image.files({ path: '/usr/bin' })) console.log(text.decode(path), sizeBytes);
   * ```
   * @throws ERR_FILE_NOT_FOUND, ERR_LAYER_UNKNOWN, and what reading the layers throws
   */
  files(options?: ListFilesOptions): AsyncIterable<MergedFile>;
  /**
   * Returns the file at a path: its kind, size, owner, times, and the layer that it comes from. Throws as {@link
   * files}.
   */
  file(path: string | Uint8Array, options?: FileOptions): Promise<MergedFile>;
  /**
   * Returns the content of a regular file from {@link files} or {@link file}. Chunks may be kept, not changed.
   * @throws ERR_FILE_KIND, and what {@link Layer.content} throws
   */
  content(file: MergedFile, options?: ContentOptions): AsyncIterable<Uint8Array>;
  /**
   * Returns the whole content of the regular file at a path.
   * @throws ERR_FILE_TOO_LARGE, and what {@link files} and {@link content} throw
   */
  readFile(path: string | Uint8Array, options?: ReadFileOptions): Promise<Uint8Array>;
  /**
   * Returns a tar of the file at a path (default: the root) and everything below it: parents first, by bytes, the same
   * bytes each time. Throws as {@link files} and {@link content}.
   */
  tar(options?: TarOptions): AsyncIterable<Uint8Array>;
  /**
   * Lists the files that a layer adds, changes and deletes. `layer` counts from 0, the base.
   *
   * ```ts
   * const text = new TextDecoder();
   * for await (const { change, file } of image.changes(1)) console.log(change, text.decode(file.path));
   * ```
   * @throws ERR_LAYER_UNKNOWN, and what reading the layers throws
   */
  changes(layer: number, options?: AbortOptions): AsyncIterable<LayerChange>;
}

/** The layers to look into. */
export interface LookInsideOptions extends AbortOptions {
  /** Number of layers, from the base up: the files as they were then. Default: all. */
  readonly layers?: number | undefined;
}

export interface ListFilesOptions extends LookInsideOptions {
  /**
   * From the root. A symlink at its end is followed to a directory; any other symlink is listed itself. Default: the
   * root.
   */
  readonly path?: string | Uint8Array | undefined;
  /** Also lists the content of directories below. Default: true. */
  readonly recursive?: boolean | undefined;
}

export interface FileOptions extends LookInsideOptions {
  /** Follows a symlink at the end of the path. Default: true. */
  readonly followLink?: boolean | undefined;
}

export interface ReadFileOptions extends LookInsideOptions {
  /** Bytes; a larger file is refused. Default: 64 MiB. */
  readonly maxBytes?: number | undefined;
}

export interface TarOptions extends FileOptions {
  /** From the root. Default: the root. */
  readonly path?: string | Uint8Array | undefined;
  /** Name of the topmost file in the archive. Default: its own name; `.` for the root. */
  readonly name?: string | Uint8Array | undefined;
}

export interface ReadOptions extends AbortOptions {
  /** Reuses one buffer, so that a chunk is valid only until the next one is requested. Default: false. */
  readonly reuseBuffer?: boolean | undefined;
}

export interface ContentOptions extends AbortOptions {
  /** Only the bytes that the layer's tar stores of a sparse file: the runs that its entry names, without the holes. */
  readonly stored?: boolean | undefined;
}

/** The position of the layer whose table is requested. */
export interface TableOptions extends AbortOptions {
  /** True when no layer is below it. */
  readonly isBase: boolean;
}

/**
 * A layer of an image: one changeset, as its tar describes it.
 *
 * ```ts
 * const text = new TextDecoder();
 * for (const layer of await image.layers())
 *   for await (const { path, kind } of layer.entries()) console.log(layer.diffId, text.decode(path), kind);
 * ```
 */
export interface Layer {
  /** Digest of its uncompressed tar. */
  readonly diffId: DiffId;
  /** The manifest's descriptor of its blob. */
  readonly descriptor: Descriptor;
  /**
   * Returns the blob that {@link descriptor} names, verified to its last byte. Throws ERR_LAYER_ABSENT,
   * ERR_LAYER_DAMAGED.
   */
  blob(options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** Returns the uncompressed tar, verified to its last byte. Throws ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED. */
  tar(options?: ReadOptions): AsyncIterable<Uint8Array>;
  /**
   * Lists the entries of the tar, in its order and under its paths. A directory on the way may be a symlink in a layer
   * below, which only `Image.files` follows. Entries without a meaning for a layer are left out.
   * @throws ERR_LAYER_PATH_ESCAPE, ERR_LAYER_ENTRY_INVALID, and what {@link tar} or reading an index throws
   */
  entries(options?: AbortOptions): AsyncIterable<LayerEntry>;
  /**
   * Returns the content of a regular file, by the number of its entry; of a hardlink, that of its target. Chunks may be
   * kept, not changed.
   * @throws ERR_FILE_KIND, ERR_LAYER_LINK_MISSING for a hardlink to a file of a layer below, ERR_LAYER_ABSENT
   */
  content(entry: Pick<LayerEntry, 'ordinal'>, options?: ContentOptions): AsyncIterable<Uint8Array>;
  /**
   * Returns its entries by path, if it has an index that holds on the layers below it; otherwise undefined. A layer
   * without this method is read whole.
   */
  openTable?(options: TableOptions): Promise<LayerTable | undefined>;
}
