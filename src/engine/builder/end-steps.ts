import { join } from 'node:path';
import { findRuntime } from '../../containers/runtime/runtime.ts';
import { deleteFromRuntime } from '../../containers/runtime/runtime-commands.ts';
import type { StoreLayout } from '../../store/layout.ts';
import { runtimeRootOf } from '../../store/layout.ts';
import { removeTree } from '../../sys/remove-tree.ts';

/** Kills what runs in build steps, and takes away their bundles and the runtime's state. Idempotent. */
export async function endSteps(layout: StoreLayout, bundles: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await deleteFromRuntime({ runtime: findRuntime(), runtimeRoot: runtimeRootOf(layout) }, id);
    removeTree(join(bundles, id));
  }
}
