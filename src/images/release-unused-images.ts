import { compileFilters, type Filters } from '../query/filters.ts';
import { imagePruneFilters } from './image-filters.ts';
import { type ReleasedImages, type RemovalStore, releaseAll } from './release-image.ts';

export interface PruneImagesOptions {
  /** Also images with names, unless a container uses them. */
  readonly all: boolean;
  /** `until`, `label`, `label!`, and `dangling`, which overrules `all`. */
  readonly filters: Filters;
  readonly now: Date;
}

/**
 * Releases every image that no container uses and that has no name, or with `all` any name. Runs in the transaction
 * that collects garbage. Throws ERR_FILTER_INVALID, ERR_FILTER_REPEATED, ERR_TIME_INVALID.
 */
export function releaseUnusedImages(store: RemovalStore, { all, filters, now }: PruneImagesOptions): ReleasedImages {
  const isSelected = compileFilters(filters, imagePruneFilters(now));
  const onlyDangling = filters.boolean('dangling', !all);
  const released = store.images
    .list()
    .filter(({ id, tags }) => (tags.length === 0 || !onlyDangling) && store.containers.ofImage(id).length === 0)
    .filter(({ madeAt, labels }) =>
      isSelected({
        createdAt: madeAt === undefined ? undefined : new Date(madeAt),
        labels,
        repository: undefined,
        tag: undefined,
      }),
    )
    .map(({ id }) => releaseAll(store, id));
  return {
    untagged: released.flatMap(({ untagged }) => untagged),
    images: released.flatMap(({ images }) => images),
  };
}
