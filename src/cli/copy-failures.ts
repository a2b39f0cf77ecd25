import type { Engine } from '../engine/index.ts';
import { isStrataError, restate, type StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { splitImagePath } from './image-path.ts';

/** `NAME:PATH` of the command line. */
export interface CopyArgument extends AbortOptions {
  readonly text: string;
  /** Name of the container, as docker cuts it. */
  readonly container: string;
}

/** Adds a hint to a failed copy out of a container: the user may have meant an image. */
export async function explainMissingPath(
  engine: Engine,
  error: StrataError,
  place: CopyArgument,
): Promise<StrataError> {
  const { text, container, signal } = place;
  const { name } = splitImagePath(text);
  // An image of the same name as the container is meant only if it exists.
  if (name === container && !(await isImage(engine, name, { signal }))) return error;
  const hint = `${container} is a container; to copy from the image ${name}, use 'strata cp --image ${text} PATH'.`;
  return restate(error, { hint });
}

/** Adds a hint to a failure to find an image if a container has the name. */
export async function explainMissingImage(
  engine: Engine,
  error: StrataError,
  place: CopyArgument,
): Promise<StrataError> {
  const { text, container, signal } = place;
  if (!(await isContainer(engine, container, { signal }))) return error;
  return restate(error, { hint: `${container} is a container; to copy from it, use 'strata cp ${text} PATH'.` });
}

/** Adds a hint to a failed copy into a container if the name is an image's. */
export async function explainImageTarget(
  engine: Engine,
  error: StrataError,
  place: CopyArgument,
): Promise<StrataError> {
  const { text, signal } = place;
  const { name } = splitImagePath(text);
  if (!(await isImage(engine, name, { signal }))) return error;
  const hint = `${name} is an image, and images never change: copy into a container created from it, or build a new image.`;
  return restate(error, { hint });
}

const isImage = async (engine: Engine, name: string, options: AbortOptions): Promise<boolean> =>
  await exists(engine.images.inspect(name, options), ['ERR_IMAGE_NOT_FOUND', 'ERR_REFERENCE_INVALID']);

const isContainer = async (engine: Engine, name: string, options: AbortOptions): Promise<boolean> =>
  await exists(engine.containers.inspect(name, options), ['ERR_CONTAINER_NOT_FOUND']);

async function exists(inspecting: Promise<unknown>, absences: readonly string[]): Promise<boolean> {
  try {
    await inspecting;
    return true;
  } catch (error) {
    if (isStrataError(error) && absences.includes(error.code)) return false;
    throw error;
  }
}
