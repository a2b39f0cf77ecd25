import type { OpenImage } from '../engine/index.ts';
import { isStrataError, restate } from '../errors/index.ts';
import type { VerbCall } from './context.ts';
import { nameOf } from './flags/flags.ts';
import { hintForImagePath } from './image-path.ts';

/** Opens the image of an argument, for a verb that takes paths after it. Throws as `engine.images.open`. */
export async function openNamedImage(
  { command, context }: VerbCall,
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
    const hint = hintForImagePath(nameOf(command), name);
    throw isStrataError(error, 'ERR_REFERENCE_INVALID') && hint !== undefined ? restate(error, { hint }) : error;
  }
}
