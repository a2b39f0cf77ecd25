import { digestOf } from '../content/verify.ts';
import { type ImageConfig, parseImageConfig } from '../spec/config.ts';
import type { Descriptor } from '../spec/descriptor.ts';
import { type DiffId, parseDigest } from '../spec/digest.ts';
import { formatImageConfig } from '../spec/format-image-config.ts';
import { formatDocument } from '../spec/manifest.ts';
import { mediaTypes } from '../spec/media-types.ts';

/** A layer as a new image names it: by its uncompressed tar, which can be made again from index and tree. */
export interface TarLayer {
  readonly diffId: DiffId;
  readonly tarSizeBytes: number;
}

/** A document with its exact bytes, which its descriptor describes. */
export interface StoredDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** The documents of a new image, and the descriptors that name them. */
export interface AssembledImage {
  readonly config: StoredDocument & { readonly value: ImageConfig };
  readonly manifest: StoredDocument;
}

export const documentOf = (mediaType: string, bytes: Uint8Array): StoredDocument => ({
  descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
  bytes,
});

/** Returns the descriptor of an uncompressed layer. Only here are a blob's digest and a diffID the same value. */
export const tarDescriptor = ({ diffId, tarSizeBytes }: TarLayer): Descriptor => ({
  mediaType: mediaTypes.ociLayer,
  digest: parseDigest(diffId),
  size: tarSizeBytes,
});

/** Returns the manifest of a config and layers, base first. Equal input gives equal bytes. */
export const manifestOf = (config: Descriptor, layers: readonly Descriptor[]): StoredDocument =>
  documentOf(
    mediaTypes.ociManifest,
    formatDocument({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers }),
  );

/**
 * Returns the config and manifest of an image with these layers, base first. Pure: equal input gives equal bytes, and
 * so an equal image ID. `config.rootfs` is replaced by the layers' diffIDs. Throws as {@link parseImageConfig} for a
 * config that no parser would accept: too many steps, labels or ports.
 */
export function assembleImage(config: ImageConfig, layers: readonly TarLayer[]): AssembledImage {
  const value: ImageConfig = { ...config, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } };
  const document = documentOf(mediaTypes.ociConfig, formatImageConfig(value));
  parseImageConfig(document.bytes);
  return { config: { ...document, value }, manifest: manifestOf(document.descriptor, layers.map(tarDescriptor)) };
}
