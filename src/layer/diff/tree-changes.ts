import { statFd } from '../../sys/stat.ts';
import type { OpenDirectories } from '../open-directories.ts';
import type { DiffChange, Warn } from './change.ts';
import { inodeOf, isLinked, TreeComparison } from './tree-comparison.ts';

/**
 * Yields the changes between a complete tree and the one it was made from, if any, in archive order. The root's entry
 * always comes first. When a name of a file with several names has changed, was added or was removed, all its names are
 * yielded again, so that they are one file afterwards too. Holds in memory only the files with several names.
 */
export function* treeChanges(
  upper: OpenDirectories,
  lower: OpenDirectories | undefined,
  warn: Warn,
): Generator<DiffChange, void> {
  yield { kind: 'entry', path: new Uint8Array(0), tree: upper, directory: '', stat: statFd(upper.rootFd) };
  const changed = lower === undefined ? noFiles : findChangedFiles(upper, lower);
  const comparison = new TreeComparison(upper, lower, warn);
  for (const node of comparison.nodes()) {
    const { path, directory, stat } = node;
    if (stat === undefined) yield { kind: 'whiteout', path };
    else if (!comparison.isSame(node) || (isLinked(node) && changed.has(inodeOf(stat)))) {
      yield { kind: 'entry', path, tree: upper, directory, stat };
    }
  }
}

const noFiles: ReadonlySet<string> = new Set();

/** Returns files with several names of which one has changed. The first name may come long before it, hence a separate walk. */
function findChangedFiles(upper: OpenDirectories, lower: OpenDirectories): ReadonlySet<string> {
  const changed = new Set<string>();
  const comparison = new TreeComparison(upper, lower, () => {});
  for (const node of comparison.nodes()) {
    if (node.stat !== undefined && isLinked(node) && !comparison.isSame(node)) changed.add(inodeOf(node.stat));
  }
  return changed;
}
