import type { AbortOptions } from '../lib/abort.ts';
import { invariant } from '../lib/invariant.ts';
import type { WorkControl } from '../lib/work-control.ts';
import { parseReference, type Reference } from '../reference/index.ts';
import { isBlobOf } from '../store/layers/presence.ts';
import { countUnpacked } from '../store/layers/unpack.ts';
import type { Store } from '../store/store.ts';
import type { Work } from '../store/work/types.ts';
import type { Image } from './image/image.ts';
import { LayerReceiver } from './layer-receiver.ts';
import type { ArchivedImage, ArchivedLayer } from './load/archived-image.ts';
import { type LoadImagesEvent, unpackImages } from './load/load-images.ts';
import type { RecordedImage } from './record-image.ts';
import { toNewTag } from './tag-image.ts';

export interface StoreImageOptions extends AbortOptions {
  /** Names for the image; without any it stays as `<none>`. */
  readonly tags?: readonly string[];
}

/**
 * Stores an image under its own documents, byte for byte, from any source of layers. Reads only layers that the store
 * lacks. The image is durable and named once this resolves.
 * @throws ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, and what reading and unpacking the layers throws
 */
export async function storeImage(
  store: Store,
  image: Image,
  { tags = [] }: StoreImageOptions,
  { report, signal }: WorkControl<LoadImagesEvent>,
): Promise<RecordedImage> {
  const references = tags.map((tag) => toNewTag(parseReference(tag)));
  return await store.work('store image', { signal }, async (work) => {
    await using receiving = new LayerReceiver(store, work, { signal });
    const archived = await toArchivedImage({ store, work }, image, { references, receiving, signal });
    const { snapshotIds, record } = await unpackImages({ store, work }, [archived], receiving, { report, signal });
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
  readonly receiving: LayerReceiver;
}

async function toArchivedImage(
  { store, work }: { readonly store: Store; readonly work: Work },
  image: Image,
  { references, receiving, signal }: Receiving,
): Promise<ArchivedImage> {
  const config = await image.config({ signal });
  const manifest = await image.manifest({ signal });
  const layers = await image.layers({ signal });
  const diffIds = layers.map(({ diffId }) => diffId);
  const unpackedLayers = await countUnpacked(store, diffIds, { lease: work.lease, signal });
  const archived: ArchivedLayer[] = [];
  for (const [at, layer] of layers.entries()) {
    const { diffId, descriptor } = layer;
    const isStored = at < unpackedLayers && isBlobOf(store.metadata.layers, diffId, descriptor.digest);
    const file = isStored ? undefined : receiving.receive(layer);
    archived.push({ diffId, name: `layer ${diffId}`, file, descriptor });
  }
  return { id: image.id, references, config, layers: archived, documents: { manifest, target: manifest } };
}
