import { decompress } from '../../archive/compression/decompress.ts';
import type { BlobProvider } from '../../content/types.ts';
import { verified } from '../../content/verified.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import type { ChunksOptions } from '../../layer/chunks.ts';
import { LayerIndex } from '../../layer/index-file/reader.ts';
import { remakeLayer } from '../../layer/remake.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import { type DiffId, type Digest, parseDigest } from '../../spec/digest.ts';
import type { Store } from '../store.ts';
import { isParentDependent } from './parent-dependent.ts';
import type { LayerStore } from './types.ts';

/** A layer as a manifest names it, and where its files are. */
export interface NamedLayer {
  readonly diffId: DiffId;
  /** With the layer's files; undefined when they are not unpacked for the driver in use. */
  readonly snapshotId: string | undefined;
  /** As the manifest names it. */
  readonly descriptor: Descriptor;
}

export interface BlobOptions extends AbortOptions, ChunksOptions {
  /** Keeps what is read. */
  readonly lease: StoreLease;
}

/**
 * The blob that the layer's descriptor names: the one that is kept, else made again from index and tree when it is the
 * bare tar. Verified to the last byte.
 * @throws ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED, ERR_BLOB_DAMAGED, and the signal's reason
 */
export async function* layerBlob(
  store: Store,
  { descriptor, diffId, snapshotId }: NamedLayer,
  options: BlobOptions,
): AsyncGenerator<Uint8Array> {
  const { digest, size: sizeBytes } = descriptor;
  const isTar = digest === parseDigest(diffId);
  const source =
    (await storedBlob(store, digest, options)) ?? (isTar ? await tar(store, diffId, snapshotId, options) : undefined);
  if (source === undefined) throw layerAbsent(diffId);
  try {
    yield* verified(source, { digest, sizeBytes }, options);
  } catch (error) {
    if (!isStrataError(error, 'ERR_BLOB_DIGEST_MISMATCH') && !isStrataError(error, 'ERR_BLOB_SIZE_MISMATCH'))
      throw error;
    throw new StrataError({
      code: 'ERR_LAYER_DAMAGED',
      message: `layer ${diffId}: its files are no longer what they were when it was stored`,
      hint: 'Something changed the files of the store. Remove the images that use the layer, then load or build them again.',
      cause: error,
    });
  }
}

async function storedBlob(
  { blobs }: Store,
  digest: Digest,
  { lease, signal }: BlobOptions,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  return (await lease.pinIfPresent('blob', digest, { signal })) ? streamOf(blobs, digest, { signal }) : undefined;
}

async function* streamOf(content: BlobProvider, digest: Digest, options: AbortOptions): AsyncGenerator<Uint8Array> {
  await using reader = await content.open(digest, options);
  yield* reader.stream(options);
}

/** The uncompressed tar from the tree, or from a compressed blob that is here. */
async function tar(
  store: Store,
  diffId: DiffId,
  snapshotId: string | undefined,
  options: BlobOptions,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { metadata, layers } = store;
  await options.lease.pin('layer', diffId, options);
  const snapshot = snapshotId === undefined ? undefined : metadata.snapshots.get(snapshotId);
  // What depends on the layers below is not, with others below it, what the index is of.
  if (snapshot && !isParentDependent(snapshot) && metadata.layers.get(diffId)?.remakeable === true) {
    return remade(layers, diffId, snapshot.id, options);
  }
  for (const { digest } of metadata.layers.blobsOf(diffId)) {
    const blob = await storedBlob(store, digest, options);
    if (blob !== undefined) return decompress(blob, options);
  }
  return undefined;
}

async function* remade(
  layers: LayerStore,
  diffId: DiffId,
  snapshotId: string,
  options: AbortOptions & ChunksOptions,
): AsyncGenerator<Uint8Array> {
  await using opened = await layers.openFiles(snapshotId, options);
  using index = LayerIndex.open(layers.indexes.pathOf(diffId));
  yield* remakeLayer(index, opened.files, options);
}

export const layerAbsent = (diffId: DiffId): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_ABSENT',
    message: `layer ${diffId}: neither its blob nor its files are in the store`,
    hint: 'Load, pull or build the image again, with the storage driver in use now.',
  });
