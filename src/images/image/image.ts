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
 */
export interface Image {
  /** Digest of the config. */
  readonly id: Digest;
  config(options?: AbortOptions): Promise<Document<ImageConfig>>;
  /** The manifest that names the config and the layers: the image's own, or one made for it where it came without. */
  manifest(options?: AbortOptions): Promise<Document<Manifest>>;
  /** From the base up. */
  layers(options?: AbortOptions): Promise<readonly Layer[]>;
}

export interface ReadOptions extends AbortOptions {
  /** A piece may be written over once the next is asked for. */
  readonly lent?: boolean | undefined;
}

/** A layer of an image. */
export interface Layer {
  /** Digest of its uncompressed tar. */
  readonly diffId: DiffId;
  /** What the manifest says of its blob. */
  readonly descriptor: Descriptor;
  /** The blob that {@link descriptor} names, verified to its last byte. Throws ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED. */
  blob(options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** The uncompressed tar, verified to its last byte. Throws ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED. */
  tar(options?: ReadOptions): AsyncIterable<Uint8Array>;
}
