import { familiarName, familiarString, parseReference } from '../../reference/index.ts';
import { formatId } from './image-fields.ts';

/** Formats docker's column IMAGE of a container; unless `whole`, without digests and the default registry. */
export function formatContainerImage(
  { image, imageId }: { readonly image: string; readonly imageId: string | undefined },
  whole: boolean,
): string {
  if (image === '') return '<no image>';
  if (whole) return image;
  if (imageId !== undefined && formatId(image, false) === formatId(imageId, false)) return formatId(imageId, false);
  try {
    const { domain, path, tag } = parseReference(image);
    return tag === undefined ? familiarName({ domain, path }) : familiarString({ domain, path, tag });
  } catch {
    return image;
  }
}
