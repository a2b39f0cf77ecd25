import { type ImageConfig, parseImageConfig } from '../../spec/config.ts';
import type { Digest } from '../../spec/digest.ts';
import type { StringMap } from '../../spec/fields.ts';
import { formatImageConfig } from '../../spec/format-image-config.ts';
import { formatDocument, type Manifest, pairLayers, parseManifest } from '../../spec/manifest.ts';
import { mediaTypes, toOciMediaType } from '../../spec/media-types.ts';
import { documentOf } from '../assemble-image.ts';
import { completeHistory } from '../history.ts';
import type { Document, Image, Layer } from '../image/image.ts';
import { LayeredImage } from '../image/layered-image.ts';

/** The parts that determine an image. */
export interface ImageParts {
  /** Its `rootfs` is replaced by the layers' diffIDs. */
  readonly config: ImageConfig;
  /** From the base up. */
  readonly layers: readonly Layer[];
  /** Annotations of the manifest. */
  readonly annotations: StringMap | undefined;
}

/** Takes an image apart; the returned history has a step for every layer. */
export async function partsOf(image: Image): Promise<ImageParts> {
  const { value } = await image.config();
  const { annotations } = (await image.manifest()).value;
  return { config: { ...value, history: completeHistory(value) }, layers: await image.layers(), annotations };
}

/**
 * Returns the OCI image that the parts determine. Pure: equal parts give equal bytes, and so an equal image ID. Throws
 * what {@link parseImageConfig}, {@link parseManifest} and {@link pairLayers} throw for documents that no parser would
 * accept.
 */
export function composeImage({ config, layers, annotations }: ImageParts): Image {
  const diffIds = layers.map(({ diffId }) => diffId);
  const bytes = formatImageConfig({ ...config, rootfs: { type: 'layers', diff_ids: diffIds } });
  const { value } = parseImageConfig(bytes);
  return composeWithConfig({ ...documentOf(mediaTypes.ociConfig, bytes), value }, layers, annotations);
}

/** {@link composeImage} with a config that stays byte for byte. */
export function composeWithConfig(
  config: Document<ImageConfig>,
  layers: readonly Layer[],
  annotations: StringMap | undefined,
): Image {
  const descriptor = { ...config.descriptor, mediaType: toOciMediaType(config.descriptor.mediaType) };
  const bytes = formatDocument({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptor,
    layers: layers.map((layer) => ({ ...layer.descriptor, mediaType: toOciMediaType(layer.descriptor.mediaType) })),
    ...(annotations === undefined ? {} : { annotations }),
  });
  const manifest = { ...documentOf(mediaTypes.ociManifest, bytes), value: parseManifest(bytes).value };
  pairLayers(manifest.value, config.value);
  return new ComposedImage({ ...config, descriptor }, manifest, layers);
}

class ComposedImage extends LayeredImage {
  readonly id: Digest;
  readonly #config: Document<ImageConfig>;
  readonly #manifest: Document<Manifest>;
  readonly #layers: readonly Layer[];

  constructor(config: Document<ImageConfig>, manifest: Document<Manifest>, layers: readonly Layer[]) {
    super();
    this.id = config.descriptor.digest;
    this.#config = config;
    this.#manifest = manifest;
    this.#layers = layers;
  }

  async config(): Promise<Document<ImageConfig>> {
    return this.#config;
  }

  async manifest(): Promise<Document<Manifest>> {
    return this.#manifest;
  }

  async layers(): Promise<readonly Layer[]> {
    return this.#layers;
  }
}
