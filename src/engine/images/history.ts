import { historyOf } from '../../images/history.ts';
import { lookAtImage } from '../../images/look-at-image.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import type { Store } from '../../store/store.ts';
import { findRequestedImage } from './find-requested-image.ts';
import type { ImageHistory, ImageLookUpOptions } from './image-types.ts';

/** Returns the steps of an image, newest first. Throws as `findRequestedImage`. */
export async function imageHistory(store: Store, name: string, options: ImageLookUpOptions): Promise<ImageHistory> {
  const { metadata } = store;
  const look = (): { readonly id: Digest; readonly sizes: ReadonlyMap<DiffId, number | undefined> } => {
    const { id } = findRequestedImage(metadata, name, options);
    const layers = metadata.images.layersOf(id);
    return { id, sizes: new Map(layers.map(({ diffId }) => [diffId, metadata.layers.get(diffId)?.sizeBytes])) };
  };
  const { id, sizes, config } = await lookAtImage(store, look, options);
  return { id, steps: historyOf(config, (diffId) => sizes.get(diffId)) };
}
