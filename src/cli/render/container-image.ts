import { familiarName, familiarString, parseReference } from '../../reference/index.ts';
import { shownId } from './image-fields.ts';

/** Docker's column IMAGE of a container: short, it leaves out the registry it takes by default, and digests. */
export function shownImage(
  { image, imageId }: { readonly image: string; readonly imageId: string | undefined },
  whole: boolean,
): string {
  if (image === '') return '<no image>';
  if (whole) return image;
  if (imageId !== undefined && shownId(image, false) === shownId(imageId, false)) return shownId(imageId, false);
  try {
    const { domain, path, tag } = parseReference(image);
    return tag === undefined ? familiarName({ domain, path }) : familiarString({ domain, path, tag });
  } catch {
    return image;
  }
}
