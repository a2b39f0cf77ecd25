import type { WorkControl } from '../../lib/work-control.ts';
import { collectGarbage } from '../../store/garbage/collect.ts';
import type { Store } from '../../store/store.ts';

export interface CollectedStore {
  /** How many objects are gone. */
  readonly removed: number;
  /** What could not be deleted, a sentence each. */
  readonly warnings: readonly string[];
}

/** Removes what nothing names and nobody uses. */
export async function collectStore(store: Store, { signal }: WorkControl<never>): Promise<CollectedStore> {
  const { removed, warnings } = await collectGarbage(store, { signal });
  return { removed: removed.length, warnings };
}
