import { setImmediate } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { LinkedNames } from '../../sys/linked-names.ts';
import { OpenDirectories } from '../open-directories.ts';
import { opaqueAttribute } from '../overlay-form.ts';
import type { ChangedTree, DiffChange } from './change.ts';
import { overlayChanges } from './overlay-changes.ts';
import { treeChanges } from './tree-changes.ts';

const pauseEvery = 500;
const ignoreWarning = (): void => {};

/**
 * Returns the sum of the logical sizes of all nodes but directories that a tree has changed or added, a file of several
 * names once: docker's size of a container. The tree may change meanwhile. Throws ENOENT when a directory was removed,
 * and the signal's reason.
 */
export async function countChangedBytes(tree: ChangedTree, { signal }: AbortOptions = {}): Promise<number> {
  const linked = new LinkedNames();
  let total = 0;
  let count = 0;
  for (const change of changesOf(tree)) {
    if (++count % pauseEvery === 0) await setImmediate();
    signal?.throwIfAborted();
    if (change.kind !== 'entry' || change.stat.type === 'directory') continue;
    const { stat } = change;
    if (stat.nlink > 1) {
      if (linked.first(stat)) continue;
      linked.add(stat, change.path);
    }
    total += stat.size;
  }
  return total;
}

function* changesOf(tree: ChangedTree): Generator<DiffChange, void> {
  using upper = new OpenDirectories(tree.upperDir);
  if (tree.kind === 'overlay')
    return yield* overlayChanges([upper], opaqueAttribute(tree.rootless ?? false), ignoreWarning);
  using lower = tree.lowerDir === undefined ? undefined : new OpenDirectories(tree.lowerDir);
  return yield* treeChanges(upper, lower, ignoreWarning);
}
