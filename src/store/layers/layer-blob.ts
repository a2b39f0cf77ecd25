import { decompress } from '../../archive/compression/decompress.ts';
import type { BlobProvider } from '../../content/types.ts';
import { verifyStream } from '../../content/verify.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import type { ChunksOptions } from '../../layer/chunks.ts';
import { LayerIndex } from '../../layer/index-file/layer-index.ts';
import { remakeLayer } from '../../layer/remake.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import type { Store } from '../store.ts';
import { layerAbsent, type Presence, pinPresence, type WantedBlob } from './presence.ts';
import type { LayerStore } from './types.ts';

/** A layer as a manifest names it, with the snapshot of its files. */
export interface NamedLayer {
  readonly diffId: DiffId;
  /** Snapshot with the layer's files; undefined when they are not unpacked for the driver in use. */
  readonly snapshotId: string | undefined;
  /** Descriptor in the manifest. */
  readonly descriptor: Descriptor;
}

export interface BlobOptions extends AbortOptions, ChunksOptions {
  /** Pins the objects that are read. */
  readonly lease: StoreLease;
}

/**
 * Streams the blob that the layer's descriptor names: the stored one, or for an uncompressed tar one made again from
 * index and tree. Verified to the last byte.
 * @throws ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED, ERR_BLOB_DAMAGED, and the signal's reason
 */
export async function* layerBlob(
  store: Store,
  { descriptor, diffId, snapshotId }: NamedLayer,
  options: BlobOptions,
): AsyncGenerator<Uint8Array> {
  const { digest, size: sizeBytes } = descriptor;
  const presence = await pinPresence(store.metadata, { diffId, digest, snapshotId }, options);
  try {
    yield* verifyStream(bytesOf(store, { diffId, digest }, presence, options), { digest, sizeBytes }, options);
  } catch (error) {
    if (!isStrataError(error, 'ERR_BLOB_DIGEST_MISMATCH') && !isStrataError(error, 'ERR_BLOB_SIZE_MISMATCH'))
      throw error;
    throw new StrataError({
      code: 'ERR_LAYER_DAMAGED',
      message: `layer ${diffId}: its files have changed since it was stored`,
      hint: 'Something changed the files of the store. Remove the images that use the layer, then load or build them again.',
      cause: error,
    });
  }
}

function bytesOf(
  { blobs, layers }: Store,
  { diffId, digest }: Pick<WantedBlob, 'diffId' | 'digest'>,
  presence: Presence,
  options: BlobOptions,
): AsyncIterable<Uint8Array> {
  switch (presence.state) {
    case 'present': {
      const blob = streamOf(blobs, presence.digest, { signal: options.signal });
      return presence.digest === digest ? blob : decompress(blob, options);
    }
    case 'remakeable':
      return remakeTar(layers, diffId, presence.snapshotId, options);
    case 'remote':
    case 'absent':
      throw layerAbsent(diffId);
  }
}

async function* streamOf(content: BlobProvider, digest: Digest, options: AbortOptions): AsyncGenerator<Uint8Array> {
  await using reader = await content.open(digest, options);
  yield* reader.stream(options);
}

async function* remakeTar(
  layers: LayerStore,
  diffId: DiffId,
  snapshotId: string,
  options: AbortOptions & ChunksOptions,
): AsyncGenerator<Uint8Array> {
  await using opened = await layers.openFiles(snapshotId, options);
  using index = LayerIndex.open(layers.indexes.pathOf(diffId));
  yield* remakeLayer(index, opened.files, options);
}
