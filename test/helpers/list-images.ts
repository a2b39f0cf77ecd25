import type { Engine } from '../../src/engine/index.ts';

/** Lists the images of a store as `repository:tag ID`, newest first. */
export async function listImages({ images }: Pick<Engine, 'images'>): Promise<string[]> {
  return (await images.list()).map(({ repository, tag, id }) => `${repository}:${tag} ${id}`);
}
