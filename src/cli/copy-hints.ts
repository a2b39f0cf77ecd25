import type { Engine } from '../engine/index.ts';
import { isStrataError, restate, type StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { imagePlace } from './image-place.ts';

/** `NAME:PATH` of a command line, and the container that it names. */
export interface NamedPlace extends AbortOptions {
  readonly text: string;
  readonly container: string;
}

/** The failure of a copy out of a container, with the way to the image that may have been meant. */
export async function missingInContainer(engine: Engine, error: StrataError, place: NamedPlace): Promise<StrataError> {
  const { text, container, signal } = place;
  const { name } = imagePlace(text);
  // An image of the container's name is nothing to speak of where there is none.
  if (name === container && !(await isImage(engine, name, { signal }))) return error;
  const hint = `${container} is a container, which goes before an image: 'strata cp --image ${text} PATH' means the image ${name}.`;
  return restate(error, { hint });
}

/** The failure to find an image that was asked for as such, where a container has its name. */
export async function missingImage(engine: Engine, error: StrataError, place: NamedPlace): Promise<StrataError> {
  const { text, container, signal } = place;
  if (!(await isContainer(engine, container, { signal }))) return error;
  return restate(error, { hint: `${container} is a container: 'strata cp ${text} PATH' copies out of it.` });
}

/** The failure of a copy into a container, where an image was meant. */
export async function copyIntoImage(engine: Engine, error: StrataError, place: NamedPlace): Promise<StrataError> {
  const { text, signal } = place;
  const { name } = imagePlace(text);
  if (!(await isImage(engine, name, { signal }))) return error;
  const hint = `${name} is an image, and images never change: copy into a container of it, or build an image on it.`;
  return restate(error, { hint });
}

const isImage = async (engine: Engine, name: string, options: AbortOptions): Promise<boolean> =>
  await isThere(engine.images.inspect(name, options), ['ERR_IMAGE_NOT_FOUND', 'ERR_REFERENCE_INVALID']);

const isContainer = async (engine: Engine, name: string, options: AbortOptions): Promise<boolean> =>
  await isThere(engine.containers.inspect(name, options), ['ERR_CONTAINER_NOT_FOUND']);

async function isThere(inspecting: Promise<unknown>, absences: readonly string[]): Promise<boolean> {
  try {
    await inspecting;
    return true;
  } catch (error) {
    if (isStrataError(error) && absences.includes(error.code)) return false;
    throw error;
  }
}
