import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlGroupOf } from '../../src/containers/runtime/runtime-commands.ts';
import { bundlesOf, layoutOf } from '../../src/store/layout.ts';
import { removeControlGroup } from '../../src/sys/control-groups.ts';
import { mountsNaming } from './machine-traces.ts';
import { namesIn } from './names-in.ts';
import type { Hooks } from './test-file.ts';

/** Makes an empty folder for a store. After the test {@link removeStore} removes the store. */
export function storeRoot(context: Hooks): string {
  const root = newRoot();
  context.after(async () => await removeStore(root));
  return root;
}

/** Removes the run state of a store after the test, when its files go in another way, such as with their disk. */
export function removeRunStateAfter(context: Hooks, root: string): void {
  context.after(() => rmSync(layoutOf(root).run, { recursive: true, force: true }));
}

export const newRoot = (): string => mkdtempSync(join(tmpdir(), 'strata-root-'));

/** Returns the process IDs of a store's containers, as the host sees them. */
export const containerPids = (root: string): number[] => {
  const bundles = bundlesOf(layoutOf(root));
  return namesIn(bundles)
    .map((id) => join(bundles, id, 'pid'))
    .filter((path) => existsSync(path))
    .map((path) => Number(readFileSync(path, 'utf8')))
    .filter((pid) => existsSync(`/proc/${pid}`));
};

/** Kills the containers of a store and removes its files and its run state. Fails when the store left mounts. */
export async function removeStore(root: string): Promise<void> {
  const layout = layoutOf(root);
  // A test may leave containers that nothing else ends.
  for (const pid of containerPids(root)) spawnSync('kill', ['-9', String(pid)]);
  for (const id of namesIn(bundlesOf(layout))) await removeControlGroup(controlGroupOf(id));
  const mounts = mountsNaming(root, layout.run);
  // A helper process may still empty the trash, so that folders appear and vanish.
  const remove = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };
  for (const folder of [root, layout.run]) rmSync(folder, remove);
  assert.deepEqual(mounts, [], 'mounts left behind');
}
