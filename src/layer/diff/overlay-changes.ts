import { type FileStat, statAt, statAtIfThere, statFd } from '../../sys/stat.ts';
import { mergeNames } from '../merge-names.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { isOpaque, isWhiteout } from '../overlay-form.ts';
import { childPath, pathKey } from '../tree-path.ts';
import type { DiffChange, Warn } from './change.ts';
import { isLeftOut } from './is-left-out.ts';

/** The trees of a layer: its own directory, and the directory that it amends, if any. */
type LayerTrees = readonly [OpenDirectories, OpenDirectories?];

interface OverlayLevel {
  readonly key: string;
  readonly path: Uint8Array;
  /** Trees that have the directory, the amending one first. */
  readonly trees: LayerTrees;
  /** Names still to visit, in byte order. */
  readonly names: Iterator<Uint8Array, void>;
}

/** A node of a layer, and the tree that has it. */
interface FoundNode {
  readonly tree: OpenDirectories;
  readonly stat: FileStat;
}

/**
 * Yields the changes in an overlay layer's own directory, parents first and in byte order. The root's entry always comes
 * first; the caller decides if it has changed. Holds only the names of one directory per level.
 *
 * In a layer of two directories, a name that the amending one hides of the other is not a deletion: it is left out.
 */
export function* overlayChanges(trees: LayerTrees, opaqueAttribute: string, warn: Warn): Generator<DiffChange, void> {
  const root = new Uint8Array(0);
  const lowest = trees[1] ?? trees[0];
  yield { kind: 'entry', path: root, tree: trees[0], directory: '', stat: statFd(trees[0].rootFd) };
  const levels: OverlayLevel[] = [{ key: '', path: root, trees, names: namesIn(trees, '') }];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const { value: name } = level.names.next();
    if (name === undefined) {
      levels.pop();
      continue;
    }
    const path = childPath(level.path, name);
    const found = find(level, name);
    const { tree, stat } = found;
    if (isWhiteout(stat)) {
      if (tree === lowest) yield { kind: 'whiteout', path };
    } else if (!isLeftOut(path, stat, warn)) {
      yield { kind: 'entry', path, tree, directory: level.key, stat };
      if (stat.type === 'directory') levels.push(yield* enter(level, found, name, { path, lowest, opaqueAttribute }));
    }
  }
}

function find({ key, trees: [first, second] }: OverlayLevel, name: Uint8Array): FoundNode {
  if (second === undefined) return { tree: first, stat: statAt(first.fd(key), name) };
  const stat = statAtIfThere(first.fd(key), name);
  return stat ? { tree: first, stat } : { tree: second, stat: statAt(second.fd(key), name) };
}

interface Entered {
  readonly path: Uint8Array;
  readonly lowest: OpenDirectories;
  readonly opaqueAttribute: string;
}

function* enter(
  above: OverlayLevel,
  { tree }: FoundNode,
  name: Uint8Array,
  { path, lowest, opaqueAttribute }: Entered,
): Generator<DiffChange, OverlayLevel> {
  const key = pathKey(path);
  const opaque = isOpaque(tree.fd(key), opaqueAttribute);
  if (opaque && tree === lowest) yield { kind: 'opaque', path };
  const second = tree === above.trees[0] ? above.trees[1] : undefined;
  const isMerged = second !== undefined && !opaque && statAtIfThere(second.fd(above.key), name)?.type === 'directory';
  if (isMerged && isOpaque(second.fd(key), opaqueAttribute)) yield { kind: 'opaque', path };
  const trees: LayerTrees = isMerged ? [tree, second] : [tree];
  return { key, path, trees, names: namesIn(trees, key) };
}

const namesIn = (trees: LayerTrees, key: string): Iterator<Uint8Array, void> =>
  mergeNames(trees.flatMap((tree) => (tree === undefined ? [] : [tree.fd(key)])));
