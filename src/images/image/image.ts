import type { LayerChange } from '../../layer/inside/changes-of-layer.ts';
import type { LayerEntry } from '../../layer/inside/layer-entry.ts';
import type { LayerTable } from '../../layer/inside/layer-table.ts';
import type { MergedFile } from '../../layer/inside/merged-file.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import type { Manifest } from '../../spec/manifest.ts';

/** A document: its exact bytes, what they say, and the descriptor that names them. */
export interface Document<Value> {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly value: Value;
}

/**
 * An image of one platform: a config and layers, by a manifest. Immutable and lazy: nothing is read before it is asked
 * for, and nothing twice. Every document is verified against its digest when it is read.
 *
 * Its files are what a container of it would see, read from the layers without unpacking or mounting anything. Paths are
 * followed inside the image: symlinks lead to its own root, `..` stops there.
 *
 * ```ts
 * await using image = await engine.images.open('debian');
 * const text = new TextDecoder();
 * for await (const { path, kind } of image.files({ path: '/etc' })) console.log(text.decode(path), kind);
 * const release = text.decode(await image.readFile('/etc/os-release'));
 * ```
 */
export interface Image {
  /** Digest of the config. */
  readonly id: Digest;
  config(options?: AbortOptions): Promise<Document<ImageConfig>>;
  /** The manifest that names the config and the layers: the image's own, or one made for it where it came without. */
  manifest(options?: AbortOptions): Promise<Document<Manifest>>;
  /** From the base up. */
  layers(options?: AbortOptions): Promise<readonly Layer[]>;
  /**
   * Lists what stands at a path (default: the root) and in it, parents first, by bytes. Throws ERR_FILE_NOT_FOUND,
   * ERR_LAYER_UNKNOWN, and what reading the layers throws.
   */
  files(options?: ListFilesOptions): AsyncIterable<MergedFile>;
  /** Returns what stands at a path. Throws as {@link files}. */
  file(path: string | Uint8Array, options?: FileOptions): Promise<MergedFile>;
  /**
   * The content of a regular file that {@link files} or {@link file} gave. Pieces may be kept, not changed. Throws
   * ERR_FILE_KIND, and what {@link Layer.content} throws.
   */
  content(file: MergedFile, options?: ContentOptions): AsyncIterable<Uint8Array>;
  /** Returns the content of a regular file. Throws as {@link files} and {@link content}, and ERR_FILE_TOO_LARGE. */
  readFile(path: string | Uint8Array, options?: ReadFileOptions): Promise<Uint8Array>;
  /**
   * A tar of what stands at a path (default: the root) and in it: parents first, by bytes, the same bytes each time.
   * Throws as {@link files} and {@link content}.
   */
  tar(options?: TarOptions): AsyncIterable<Uint8Array>;
  /**
   * Lists what a layer (its number from the base up, from 0) adds, changes and deletes of what lies below it. Throws
   * ERR_LAYER_UNKNOWN, and what reading the layers throws.
   */
  changes(layer: number, options?: AbortOptions): AsyncIterable<LayerChange>;
}

/** Which layers are looked into. */
export interface LookInsideOptions extends AbortOptions {
  /** Only the lowest so many: the files as they were then. Default: all. */
  readonly layers?: number | undefined;
}

export interface ListFilesOptions extends LookInsideOptions {
  /** From the root; a symlink at its end is followed to a directory, any other is listed itself. Default: the root. */
  readonly path?: string | Uint8Array | undefined;
  /** Also what is in directories below. Default true. */
  readonly recursive?: boolean | undefined;
}

export interface FileOptions extends LookInsideOptions {
  /** A symlink at the end of the path is followed. Default true. */
  readonly followLink?: boolean | undefined;
}

export interface ReadFileOptions extends LookInsideOptions {
  /** A larger file is refused. Default: 64 MiB. */
  readonly maxBytes?: number | undefined;
}

export interface TarOptions extends FileOptions {
  /** From the root. Default: the root. */
  readonly path?: string | Uint8Array | undefined;
  /** What it is called in the archive. Default: its own name; the root is a dot. */
  readonly name?: string | Uint8Array | undefined;
}

export interface ReadOptions extends AbortOptions {
  /** A piece may be written over once the next is asked for. */
  readonly lent?: boolean | undefined;
}

export interface ContentOptions extends AbortOptions {
  /** Only what the layer's tar stores of a sparse file: the runs that its entry names, without the holes. */
  readonly stored?: boolean | undefined;
}

/** Which layer's table is asked for. */
export interface TableOptions extends AbortOptions {
  /** No layer is below it. */
  readonly isBase: boolean;
}

/**
 * A layer of an image.
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
  /** What the manifest says of its blob. */
  readonly descriptor: Descriptor;
  /** The blob that {@link descriptor} names, verified to its last byte. Throws ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED. */
  blob(options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** The uncompressed tar, verified to its last byte. Throws ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED. */
  tar(options?: ReadOptions): AsyncIterable<Uint8Array>;
  /**
   * What its tar says, in its order, each entry where its path says; a directory on the way may be a symlink, which only
   * `Image.files` follows. Entries that mean nothing are left out. Throws ERR_LAYER_PATH_ESCAPE, ERR_LAYER_ENTRY_INVALID,
   * and what {@link tar} or reading an index throws.
   */
  entries(options?: AbortOptions): AsyncIterable<LayerEntry>;
  /**
   * The content of a regular file, by the number of its entry; of a hardlink, that of its target. Pieces may be kept, not
   * changed. Throws ERR_FILE_KIND, ERR_LAYER_LINK_MISSING for a hardlink to a file of a layer below, ERR_LAYER_ABSENT.
   */
  content(entry: Pick<LayerEntry, 'ordinal'>, options?: ContentOptions): AsyncIterable<Uint8Array>;
  /**
   * Its entries by place, where an index of it stands that is right on the layers below it; undefined where it is not. A
   * layer without this is read whole.
   */
  openTable?(options: TableOptions): Promise<LayerTable | undefined>;
}
