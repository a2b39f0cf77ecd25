import { type FileStat, statAt, statAtIfThere, statFd } from '../../sys/stat.ts';
import { mergedNames } from '../merged-names.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { isOpaque, isWhiteout } from '../overlay-form.ts';
import { childPlace, placeKey } from '../place.ts';
import type { Change, Warn } from './change.ts';
import { isLeftOut } from './left-out.ts';

/** The trees of a layer: its own directory, and the one this amends if it amends one. */
type LayerTrees = readonly [OpenDirectories, OpenDirectories?];

interface Level {
  readonly key: string;
  readonly place: Uint8Array;
  /** Those that take part in the directory, the amending one first. */
  readonly trees: LayerTrees;
  /** Those not looked at yet, by bytes. */
  readonly names: Iterator<Uint8Array, void>;
}

/** Something of a layer's directory, and the tree it is in. */
interface Found {
  readonly tree: OpenDirectories;
  readonly stat: FileStat;
}

/**
 * What an overlay layer's own directory says, parents first and by bytes. The root's entry comes first, always; whether
 * it says anything new is for the caller to tell. Keeps the names of one directory per level, nothing else.
 *
 * Of a layer in two directories, what the amending one hides of the other is no deletion: it is not there at all.
 */
export function* overlayChanges(trees: LayerTrees, opaqueAttribute: string, warn: Warn): Generator<Change, void> {
  const root = new Uint8Array(0);
  const lowest = trees[1] ?? trees[0];
  yield { kind: 'entry', place: root, tree: trees[0], directory: '', stat: statFd(trees[0].rootFd) };
  const levels: Level[] = [{ key: '', place: root, trees, names: namesIn(trees, '') }];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const { value: name } = level.names.next();
    if (name === undefined) {
      levels.pop();
      continue;
    }
    const place = childPlace(level.place, name);
    const found = find(level, name);
    const { tree, stat } = found;
    if (isWhiteout(stat)) {
      if (tree === lowest) yield { kind: 'whiteout', place };
    } else if (!isLeftOut(place, stat, warn)) {
      yield { kind: 'entry', place, tree, directory: level.key, stat };
      if (stat.type === 'directory') levels.push(yield* enter(level, found, name, { place, lowest, opaqueAttribute }));
    }
  }
}

function find({ key, trees: [first, second] }: Level, name: Uint8Array): Found {
  if (second === undefined) return { tree: first, stat: statAt(first.fd(key), name) };
  const stat = statAtIfThere(first.fd(key), name);
  return stat ? { tree: first, stat } : { tree: second, stat: statAt(second.fd(key), name) };
}

interface Entered {
  readonly place: Uint8Array;
  readonly lowest: OpenDirectories;
  readonly opaqueAttribute: string;
}

function* enter(
  above: Level,
  { tree }: Found,
  name: Uint8Array,
  { place, lowest, opaqueAttribute }: Entered,
): Generator<Change, Level> {
  const key = placeKey(place);
  const opaque = isOpaque(tree.fd(key), opaqueAttribute);
  if (opaque && tree === lowest) yield { kind: 'opaque', place };
  const second = tree === above.trees[0] ? above.trees[1] : undefined;
  const isMerged = second !== undefined && !opaque && statAtIfThere(second.fd(above.key), name)?.type === 'directory';
  if (isMerged && isOpaque(second.fd(key), opaqueAttribute)) yield { kind: 'opaque', place };
  const trees: LayerTrees = isMerged ? [tree, second] : [tree];
  return { key, place, trees, names: namesIn(trees, key) };
}

const namesIn = (trees: LayerTrees, key: string): Iterator<Uint8Array, void> =>
  mergedNames(trees.flatMap((tree) => (tree === undefined ? [] : [tree.fd(key)])));
