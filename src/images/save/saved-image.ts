import type { BlobProvider } from '../../content/types.ts';
import { isStrataError } from '../../errors/index.ts';
import { chainIds } from '../../layer/chain-id.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Reference } from '../../reference/index.ts';
import { layerLine } from '../../snapshots/amendment.ts';
import { parseImageConfig } from '../../spec/config.ts';
import { type DiffId, parseDigest } from '../../spec/digest.ts';
import { maxConfigBytes, maxManifestBytes } from '../../spec/limits.ts';
import { pairLayers, parseManifest } from '../../spec/manifest.ts';
import { mediaTypes } from '../../spec/media-types.ts';
import { type BlobSource, layerAbsent, type NamedLayer } from '../../store/layers/layer-blob.ts';
import { documentOf, manifestOf, type StoredDocument, tarDescriptor } from '../assemble-image.ts';
import { readDocument } from '../read-image.ts';
import type { ChosenImage } from './choose-images.ts';

/** An image with everything an archive says of it. */
export interface SavedImage {
  readonly references: readonly Reference[];
  readonly config: StoredDocument;
  readonly manifest: StoredDocument;
  /** From the base up. */
  readonly layers: readonly NamedLayer[];
}

/**
 * Reads an image's documents. `asTars` gives it a manifest of uncompressed layers, its own where it has one.
 * Throws ERR_LAYER_ABSENT, ERR_BLOB_NOT_FOUND, ERR_BLOB_DAMAGED.
 */
export async function readSavedImage(
  { id, manifest: digest, references }: ChosenImage,
  from: BlobSource,
  options: AbortOptions & { readonly asTars: boolean },
): Promise<SavedImage> {
  const { metadata, blobs: content } = from.store;
  const bytes = await readDocument(content, id, maxConfigBytes, options);
  const { rootfs } = parseImageConfig(bytes).value;
  const config = documentOf(mediaTypes.ociConfig, bytes);
  const snapshots = snapshotsOf(rootfs.diff_ids, from);
  const tars = rootfs.diff_ids.map((diffId, at) => {
    const record = metadata.layers.get(diffId);
    if (record === undefined) throw layerAbsent(diffId);
    return { diffId, snapshotId: snapshots[at], tarSizeBytes: record.tarSizeBytes, descriptor: tarDescriptor(record) };
  });
  const own = digest === undefined ? undefined : await ownManifest(digest, content, options);
  const value = own && parseManifest(own.bytes).value;
  const pairs = value && pairLayers(value, parseImageConfig(bytes).value);
  const isOfTars = pairs?.every(({ descriptor, diffId }) => descriptor.digest === parseDigest(diffId)) ?? false;
  if (own === undefined || pairs === undefined || (options.asTars && !isOfTars)) {
    const manifest = manifestOf(
      config.descriptor,
      tars.map(({ descriptor }) => descriptor),
    );
    return { references, config, manifest, layers: tars };
  }
  const layers = tars.map((layer, at) => ({ ...layer, descriptor: pairs[at]?.descriptor ?? layer.descriptor }));
  return { references, config: { ...config, descriptor: value?.config ?? config.descriptor }, manifest: own, layers };
}

/**
 * The snapshots of the layers, base first. They are those that the image's own stands on: another image's snapshot may
 * carry the chainID of a layer below, and goes with that image.
 */
function snapshotsOf(diffIds: readonly DiffId[], { store: { metadata, driver }, lease }: BlobSource): string[] {
  const chainId = chainIds(diffIds).at(-1);
  const top = chainId && metadata.snapshots.findByChainId(driver.name, chainId, lease);
  return top ? layerLine(top.id, metadata.snapshots).reverse() : [];
}

/** Undefined when its bytes are not here, so that one of our own takes its place. */
async function ownManifest(
  digest: ChosenImage['id'],
  content: BlobProvider,
  options: AbortOptions,
): Promise<StoredDocument | undefined> {
  try {
    const bytes = await readDocument(content, digest, maxManifestBytes, options);
    const { mediaType } = parseManifest(bytes).value;
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  } catch (error) {
    if (isStrataError(error, 'ERR_BLOB_NOT_FOUND')) return undefined;
    throw error;
  }
}
