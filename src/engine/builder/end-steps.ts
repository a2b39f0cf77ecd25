import { join } from 'node:path';
import { deleteFromRuntime } from '../../containers/runtime/runtime-commands.ts';
import type { Store } from '../../store/store.ts';
import { removeTree } from '../../sys/remove-tree.ts';
import { stepRuntime } from '../containers/state/locations.ts';

/** Kills the processes of build steps, and removes their bundles and the runtime's state. Idempotent. */
export async function endSteps(store: Store, bundles: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await deleteFromRuntime(stepRuntime(store), id);
    removeTree(join(bundles, id));
  }
}
