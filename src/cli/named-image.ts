import type { OpenImage } from '../engine/index.ts';
import { isStrataError, restate } from '../errors/index.ts';
import type { Called } from './context.ts';
import { nameOf } from './flags/flags.ts';
import { pathByItself } from './image-place.ts';

/** Opens the image that an argument names, for a verb that takes paths behind it. Throws as `engine.images.open`. */
export async function openNamedImage(
  { command, context }: Called,
  name: string,
  platform: string | undefined,
): Promise<OpenImage> {
  const engine = await context.engine();
  try {
    return await engine.images.open(name, {
      ...(platform === undefined ? {} : { platform }),
      signal: context.signal,
    });
  } catch (error) {
    const hint = pathByItself(nameOf(command), name);
    throw isStrataError(error, 'ERR_REFERENCE_INVALID') && hint !== undefined ? restate(error, { hint }) : error;
  }
}
