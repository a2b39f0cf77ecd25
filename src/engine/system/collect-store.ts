import type { WorkControl } from '../../lib/work-control.ts';
import { collectGarbage } from '../../store/garbage/collect.ts';
import type { Store } from '../../store/store.ts';

/** Result of `system.collectGarbage`. */
export interface CollectedStore {
  /** Number of removed objects. */
  readonly removed: number;
  /** Files that could not be deleted, a sentence each. */
  readonly warnings: readonly string[];
}

/** Removes all unreferenced objects. */
export async function collectStore(store: Store, { signal }: WorkControl<never>): Promise<CollectedStore> {
  const { removed, warnings } = await collectGarbage(store, { signal });
  return { removed: removed.length, warnings };
}
