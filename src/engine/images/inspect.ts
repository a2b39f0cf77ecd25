import { lookAtImage } from '../../images/look-at-image.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { familiarString, parseReference } from '../../reference/index.ts';
import type { Digest } from '../../spec/digest.ts';
import type { OpenedDriver } from '../../store/open-driver.ts';
import type { Store } from '../../store/store.ts';
import { findRequestedImage } from './find-requested-image.ts';
import type { ImageDetails, ImageLookUpOptions, ImageStorage } from './image-types.ts';

/** Returns the details of an image. Throws as `findRequestedImage`. */
export async function inspectImage(store: Store, name: string, options: ImageLookUpOptions): Promise<ImageDetails> {
  // First, so that a misspelt name is reported before a driver that cannot be opened.
  findRequestedImage(store.metadata, name, options);
  const driver = await store.openDriver(options);
  const look = (): Omit<ImageDetails, 'config'> =>
    readDetails(store.metadata, findRequestedImage(store.metadata, name, options).id, driver);
  return await lookAtImage(store, look, options);
}

/** Reads an image's rows, in a transaction of the caller's. */
function readDetails(metadata: Metadata, id: Digest, driver: OpenedDriver): Omit<ImageDetails, 'config'> {
  const targets = metadata.targets.targetsOf(id);
  const tags = targets.flatMap((target) => metadata.tags.ofTarget(target));
  const taggedAt = tags.length === 0 ? undefined : new Date(Math.max(...tags.map(({ updatedAt }) => updatedAt)));
  return {
    id,
    references: tags.map(({ reference }) => familiarString(parseReference(reference))),
    targets,
    sizeBytes: metadata.images.get(id)?.sizeBytes ?? 0,
    taggedAt,
    storage: storageOf(metadata, id, driver),
  };
}

function storageOf(metadata: Metadata, image: Digest, { name, snapshotter }: OpenedDriver): ImageStorage {
  const top = metadata.images.layersOf(image).at(-1);
  const id = top && metadata.snapshots.ofChain(name, top.chainId);
  if (id === undefined || !snapshotter.ownDirectory || !snapshotter.lowerDirectories) {
    return { driver: name, directories: [] };
  }
  return { driver: name, directories: [snapshotter.ownDirectory(id), ...snapshotter.lowerDirectories(id)] };
}
