import type { Image, LayerChange } from '../engine/index.ts';
import { isStrataError } from '../errors/index.ts';
import type { CliContext } from './context.ts';
import { reportPathProblem } from './report-path-problem.ts';

/** A path of the command line. */
interface RequestedPath {
  /** The path as written, and, if the image has it, the path with its links resolved. */
  readonly spellings: readonly Uint8Array[];
  /** The lookup error if the image has no such path; the layer may still delete it. */
  readonly missing: unknown;
  isListed: boolean;
}

/**
 * Yields the changes of a layer at and below the paths, or all of them without paths. A path that neither the layer nor
 * the image has is reported at the end.
 */
export async function* listChanges(
  context: CliContext,
  image: Image,
  layer: number,
  paths: readonly string[],
): AsyncGenerator<LayerChange, void> {
  const { signal } = context;
  const requested: RequestedPath[] = [];
  for (const path of paths) requested.push(await resolvePath(image, path, signal));
  for await (const change of image.changes(layer, { signal })) {
    const found = requested.filter(({ spellings }) => spellings.some((path) => isInside(change.file.path, path)));
    for (const path of found) path.isListed = true;
    if (requested.length === 0 || found.length > 0) yield change;
  }
  for (const { isListed, missing } of requested)
    if (!isListed && missing !== undefined) await reportPathProblem(context, missing);
}

async function resolvePath(image: Image, path: string, signal: AbortSignal): Promise<RequestedPath> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const written = Buffer.from(parts.join('/'));
  try {
    const { path: real } = await image.file(path, { followLink: false, signal });
    return { spellings: [written, real], missing: undefined, isListed: false };
  } catch (error) {
    if (!isStrataError(error, 'ERR_FILE_NOT_FOUND')) throw error;
    return { spellings: [written], missing: error, isListed: false };
  }
}

const isInside = (path: Uint8Array, folder: Uint8Array): boolean =>
  folder.length === 0 ||
  (Buffer.from(folder).equals(path.subarray(0, folder.length)) && (path[folder.length] ?? 0x2f) === 0x2f);
