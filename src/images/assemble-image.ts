import { digestOf } from '../content/verified.ts';
import type { ImageConfig } from '../spec/config.ts';
import type { Descriptor } from '../spec/descriptor.ts';
import { type DiffId, parseDigest } from '../spec/digest.ts';
import { formatImageConfig } from '../spec/format-config.ts';
import { formatDocument } from '../spec/manifest.ts';
import { mediaTypes } from '../spec/media-types.ts';

/** A layer as an image made here names it: by its uncompressed tar, which index and tree can make again. */
export interface MadeLayer {
  readonly diffId: DiffId;
  readonly tarSizeBytes: number;
}

/** The documents of a new image, and the descriptors that name them. */
export interface AssembledImage {
  readonly config: { readonly descriptor: Descriptor; readonly bytes: Uint8Array; readonly value: ImageConfig };
  readonly manifest: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
}

const describe = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});

/**
 * The config and manifest of an image with these layers, base first. Pure: equal input gives equal bytes, and so an
 * equal image ID. `config.rootfs` is replaced by the layers' diffIDs.
 */
export function assembleImage(config: ImageConfig, layers: readonly MadeLayer[]): AssembledImage {
  const value: ImageConfig = { ...config, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } };
  const configBytes = formatImageConfig(value);
  const configDescriptor = describe(mediaTypes.ociConfig, configBytes);
  const manifestBytes = formatDocument({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: configDescriptor,
    // An uncompressed layer's digest is its diffID: the one place where the two are the same value.
    layers: layers.map(({ diffId, tarSizeBytes }) => ({
      mediaType: mediaTypes.ociLayer,
      digest: parseDigest(diffId),
      size: tarSizeBytes,
    })),
  });
  return {
    config: { descriptor: configDescriptor, bytes: configBytes, value },
    manifest: { descriptor: describe(mediaTypes.ociManifest, manifestBytes), bytes: manifestBytes },
  };
}
