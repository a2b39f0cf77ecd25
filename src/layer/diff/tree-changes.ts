import { statFd } from '../../sys/stat.ts';
import type { OpenDirectories } from '../open-directories.ts';
import type { DiffChange, Warn } from './change.ts';
import { inodeOf, isLinked, TreeComparison } from './tree-comparison.ts';

/**
 * Compares a complete tree with the one it was made from (or with none), in the order of an archive. The root's entry
 * always comes first. A file with several names is one thing: when one name has changed, or names were added to or taken
 * from it, all of them are said again, so that they are one file afterwards too. Keeps nothing but files of several names.
 */
export function* treeChanges(
  upper: OpenDirectories,
  lower: OpenDirectories | undefined,
  warn: Warn,
): Generator<DiffChange, void> {
  yield { kind: 'entry', path: new Uint8Array(0), tree: upper, directory: '', stat: statFd(upper.rootFd) };
  const changed = lower === undefined ? noFiles : changedFiles(upper, lower);
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

/** Files of several names of which one has changed. The first name may come long before that one: hence a walk of its own. */
function changedFiles(upper: OpenDirectories, lower: OpenDirectories): ReadonlySet<string> {
  const changed = new Set<string>();
  const comparison = new TreeComparison(upper, lower, () => {});
  for (const node of comparison.nodes()) {
    if (node.stat !== undefined && isLinked(node) && !comparison.isSame(node)) changed.add(inodeOf(node.stat));
  }
  return changed;
}
