import type { ObjectRef } from '../../metadata/objects.ts';
import type { Hold } from './types.ts';

/**
 * Returns the problems that `look` finds, if it finds some again once the object is pinned: before, concurrent work may
 * have removed it, or removed and made it again.
 */
export async function confirm(object: ObjectRef, hold: Hold, look: () => Promise<string[]>): Promise<string[]> {
  const problems = await look();
  if (problems.length === 0 || !(await hold(object))) return [];
  return await look();
}
