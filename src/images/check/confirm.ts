import type { ObjectRef } from '../../metadata/objects.ts';
import type { Hold } from './types.ts';

/**
 * The problems that `look` finds, when a second look at the thing, pinned, still finds some: beside other work it may have
 * been removed under the first one, or removed and made again.
 */
export async function confirm(object: ObjectRef, hold: Hold, look: () => Promise<string[]>): Promise<string[]> {
  const problems = await look();
  if (problems.length === 0 || !(await hold(object))) return [];
  return await look();
}
