import { filterLayerTree, layerTree } from '../../images/layer-tree.ts';
import { sharedSizes } from '../../images/shared-sizes.ts';
import type { Store } from '../../store/store.ts';
import type { ImageTree, ListImagesOptions } from './image-types.ts';
import { listImages } from './list.ts';

const nothingShared = { sharedBytes: 0, uniqueBytes: 0 };

/** Returns the tree of layers with the images on them, and the bytes each shares. Throws as `listImages`. */
export function imageTree(store: Store, options: ListImagesOptions): ImageTree {
  const { metadata } = store;
  return metadata.db.read(() => {
    const sharing = sharedSizes(metadata);
    const images = listImages(store, options).map((image) => ({
      ...image,
      ...(sharing.get(image.id) ?? nothingShared),
    }));
    const listed = new Set(images.map(({ id }) => id));
    return { layers: filterLayerTree(layerTree(metadata), listed), images };
  });
}
