import type { Image, LayerChange } from '../engine/index.ts';
import { isStrataError } from '../errors/index.ts';
import type { CliContext } from './context.ts';
import { tellPathProblem } from './path-problem.ts';

/** Where a path of a command line may be meant: as it is written, and behind the links on its way. */
interface ChangedPlace {
  readonly places: readonly Uint8Array[];
  /** Why the image has nothing there; what a layer deletes may still be there. */
  readonly missing: unknown;
  isListed: boolean;
}

/**
 * What a layer changes at the paths and in them, all of it without any. A path at which neither the layer nor the image has
 * anything is told at the end.
 */
export async function* changesAt(
  context: CliContext,
  image: Image,
  layer: number,
  paths: readonly string[],
): AsyncGenerator<LayerChange, void> {
  const { signal } = context;
  const wanted: ChangedPlace[] = [];
  for (const path of paths) wanted.push(await placeOf(image, path, signal));
  for await (const change of image.changes(layer, { signal })) {
    const found = wanted.filter(({ places }) => places.some((place) => isInside(change.file.path, place)));
    for (const place of found) place.isListed = true;
    if (wanted.length === 0 || found.length > 0) yield change;
  }
  for (const { isListed, missing } of wanted)
    if (!isListed && missing !== undefined) await tellPathProblem(context, missing);
}

async function placeOf(image: Image, path: string, signal: AbortSignal): Promise<ChangedPlace> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const written = Buffer.from(parts.join('/'));
  try {
    const { path: real } = await image.file(path, { followLink: false, signal });
    return { places: [written, real], missing: undefined, isListed: false };
  } catch (error) {
    if (!isStrataError(error, 'ERR_FILE_NOT_FOUND')) throw error;
    return { places: [written], missing: error, isListed: false };
  }
}

const isInside = (path: Uint8Array, folder: Uint8Array): boolean =>
  folder.length === 0 ||
  (Buffer.from(folder).equals(path.subarray(0, folder.length)) && (path[folder.length] ?? 0x2f) === 0x2f);
