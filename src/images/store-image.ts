import { join } from 'node:path';
import { receiveBlob } from '../layer/receive-blob.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { invariant } from '../lib/invariant.ts';
import type { Conduct } from '../lib/report.ts';
import { parseReference, type Reference } from '../reference/index.ts';
import { isBlobOf } from '../store/layers/presence.ts';
import { countStanding } from '../store/layers/unpack.ts';
import type { Store } from '../store/store.ts';
import type { Work } from '../store/work/types.ts';
import type { Image, Layer } from './image/image.ts';
import type { ArchiveFile } from './load/archive-files.ts';
import type { ArchivedImage, ArchivedLayer } from './load/archived-image.ts';
import { type LoadImagesEvent, makeImages } from './load/load-images.ts';
import type { RecordedImage } from './record-image.ts';
import { newName } from './tag-image.ts';

export interface StoreImageOptions extends AbortOptions {
  /** Names for the image; without one it stays as `<none>`. */
  readonly tags?: readonly string[];
}

/**
 * Stores an image from wherever its layers come, under its own documents, byte for byte. Only layers that the store lacks are
 * read. It is durable and named when this resolves. Throws ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, what reading the layers
 * throws, and what unpacking throws.
 */
export async function storeImage(
  store: Store,
  image: Image,
  { tags = [] }: StoreImageOptions,
  { report, signal }: Conduct<LoadImagesEvent>,
): Promise<RecordedImage> {
  const references = tags.map((tag) => newName(parseReference(tag)));
  return await store.work('store image', { signal }, async (work) => {
    await using scratch = await work.scratch({ signal });
    const archived = await archivedImage({ store, work }, image, { references, folder: scratch.path, signal });
    const { snapshotIds, record } = await makeImages({ store, work }, [archived], scratch, { report, signal });
    return {
      snapshotIds,
      record: async () => {
        const [stored] = await record();
        invariant(stored, 'one image was made');
        return stored;
      },
    };
  });
}

interface Receiving extends AbortOptions {
  readonly references: readonly Reference[];
  /** Takes the blobs of layers that the store lacks. */
  readonly folder: string;
}

async function archivedImage(
  { store, work }: { readonly store: Store; readonly work: Work },
  image: Image,
  { references, folder, signal }: Receiving,
): Promise<ArchivedImage> {
  const config = await image.config({ signal });
  const manifest = await image.manifest({ signal });
  const layers = await image.layers({ signal });
  const diffIds = layers.map(({ diffId }) => diffId);
  const standing = await countStanding(store, diffIds, { lease: work.lease, signal });
  const archived: ArchivedLayer[] = [];
  for (const [at, layer] of layers.entries()) {
    const { diffId, descriptor } = layer;
    const isHere = at < standing && isBlobOf(store.metadata.layers, diffId, descriptor.digest);
    const file = isHere ? undefined : await received(layer, join(folder, String(at)), { signal });
    archived.push({ diffId, name: `layer ${diffId}`, file, descriptor });
  }
  return { id: image.id, references, config, layers: archived, documents: { manifest, target: manifest } };
}

/** The blob that the layer's descriptor names, whole, in a file. */
async function received(layer: Layer, path: string, { signal }: AbortOptions): Promise<ArchiveFile> {
  const { digest, size: sizeBytes } = layer.descriptor;
  const { coming } = receiveBlob(layer.blob({ signal, lent: true }), { path, sizeBytes, digest, signal });
  await coming.written;
  return { path, sizeBytes };
}
