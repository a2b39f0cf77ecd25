import { findImage } from '../../images/find-image.ts';
import { imageListFilters } from '../../images/image-filters.ts';
import type { ListedImage } from '../../metadata/images.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { compileFilters, Filters } from '../../query/filters.ts';
import { familiarName, parseReference } from '../../reference/index.ts';
import type { Store } from '../../store/store.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import type { ImageSummary, ListImagesOptions } from './image-types.ts';

/** Lists images, newest first, once for each of their names. Throws ERR_FILTER_INVALID, ERR_TIME_INVALID, ERR_PATTERN_INVALID. */
export function listImages(
  { metadata }: Store,
  { filters = Filters.fromFlags([]) }: ListImagesOptions,
): ImageSummary[] {
  return metadata.db.read(() => {
    const passes = compileFilters(
      filters,
      imageListFilters((name) => creationTimeOf(metadata, name), new Date()),
    );
    return metadata.images.list().flatMap(summariesOf).filter(passes);
  });
}

function creationTimeOf(metadata: Metadata, name: string): Date | undefined {
  const { id } = findImage(metadata, name, hostPlatform());
  const madeAt = metadata.images.get(id)?.madeAt;
  return madeAt === undefined ? undefined : new Date(madeAt);
}

function summariesOf(image: ListedImage): ImageSummary[] {
  const common = {
    id: image.id,
    createdAt: image.madeAt === undefined ? undefined : new Date(image.madeAt),
    sizeBytes: image.sizeBytes,
    labels: image.labels,
    os: image.os,
    architecture: image.architecture,
  };
  if (image.tags.length === 0) {
    return [{ ...common, repository: undefined, tag: undefined, digest: image.targets[0] }];
  }
  return image.tags.map(({ reference, target }) => {
    const parsed = parseReference(reference);
    return { ...common, repository: familiarName(parsed), tag: parsed.tag, digest: target };
  });
}
