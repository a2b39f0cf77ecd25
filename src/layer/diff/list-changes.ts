import { setImmediate } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { listFd } from '../../sys/list-at.ts';
import { statAtIfThere } from '../../sys/stat.ts';
import { OpenDirectories } from '../open-directories.ts';
import { isOpaque, isWhiteout, opaqueAttribute } from '../overlay-form.ts';
import { OverlayView, type ShownNode } from '../overlay-view.ts';
import { childPath, nameOf, pathFromKey, pathKey } from '../tree-path.ts';
import type { ChangedTree, DiffChange, EntryChange } from './change.ts';
import { HiddenNames } from './hidden-names.ts';
import { isLeftOut } from './is-left-out.ts';
import { overlayChanges } from './overlay-changes.ts';
import { hasSameMetadata } from './same-node.ts';
import { TreeComparison } from './tree-comparison.ts';

/** A line of `docker diff`. */
export interface ListedChange {
  readonly kind: 'added' | 'changed' | 'deleted';
  readonly path: Uint8Array;
}

type OverlayTree = ChangedTree & { readonly kind: 'overlay' };

const pauseEvery = 500;
const ignoreWarning = (): void => {};

/**
 * Yields the changes of a tree as `docker diff` lists them, in path order. A directory counts as changed when its owner,
 * mode, time or attributes have changed, or a name in it was added or deleted. The root and the content of a deleted
 * directory are never listed. Memory does not grow with the list.
 * @throws ERR_LAYER_DIFF_INDIRECT, and the signal's reason
 */
export async function* listChanges(
  tree: ChangedTree,
  { signal }: AbortOptions = {},
): AsyncGenerator<ListedChange, void> {
  let count = 0;
  for (const change of tree.kind === 'overlay'
    ? listOverlayChanges(tree)
    : listTreeChanges(tree.upperDir, tree.lowerDir)) {
    if (++count % pauseEvery === 0) await setImmediate();
    signal?.throwIfAborted();
    yield change;
  }
}

function* listTreeChanges(upperDir: string, lowerDir: string | undefined): Generator<ListedChange, void> {
  using upper = new OpenDirectories(upperDir);
  using lower = lowerDir === undefined ? undefined : new OpenDirectories(lowerDir);
  const comparison = new TreeComparison(upper, lower, ignoreWarning);
  for (const node of comparison.nodes()) {
    const { path, stat, before } = node;
    if (stat === undefined) yield { kind: 'deleted', path };
    else if (before === undefined) yield { kind: 'added', path };
    else if (!comparison.isSame(node) || (stat.type === 'directory' && comparison.hasOtherNames(path))) {
      yield { kind: 'changed', path };
    }
  }
}

function* listOverlayChanges(tree: OverlayTree): Generator<ListedChange, void> {
  using upper = new OpenDirectories(tree.upperDir);
  using view = new OverlayView(tree.lowerDirs, { rootless: tree.rootless ?? false });
  const mark = opaqueAttribute(tree.rootless ?? false);
  const hidden = new HiddenNames(upper, view);
  for (const change of overlayChanges([upper], mark, ignoreWarning)) {
    const { path, kind } = change;
    if (path.length === 0 || kind === 'opaque') continue;
    for (const name of hidden.until(path)) yield { kind: 'deleted', path: name };
    const key = pathKey(path);
    const shown = view.at(key);
    const isHidden = isDirectory(change) && (hidden.isInside || isOpaque(upper.fd(key), mark));
    if (kind === 'whiteout') {
      if (shown) yield { kind: 'deleted', path };
    } else if (!shown) yield { kind: 'added', path };
    else if (
      !isSameDirectory(change, shown, upper) ||
      hasNewNames(key, upper, view) ||
      (isHidden && hidden.lacksNames(path))
    ) {
      yield { kind: 'changed', path };
    }
    if (isHidden) hidden.enter(path);
  }
  for (const name of hidden.until(undefined)) yield { kind: 'deleted', path: name };
}

const isDirectory = (change: DiffChange): boolean => change.kind === 'entry' && change.stat.type === 'directory';

const isSameDirectory = ({ path, directory, stat }: EntryChange, shown: ShownNode, upper: OpenDirectories): boolean =>
  stat.type === 'directory' &&
  shown.stat.type === 'directory' &&
  hasSameMetadata(
    { directoryFd: upper.fd(directory), name: nameOf(path), stat },
    { directoryFd: shown.layerFd, name: shown.path, stat: shown.stat },
  );

/** Returns true when a name was added to a directory, or deleted there by a whiteout. */
function hasNewNames(key: string, upper: OpenDirectories, view: OverlayView): boolean {
  const parent = pathFromKey(key);
  for (const name of listFd(upper.fd(key)).names()) {
    const stat = statAtIfThere(upper.fd(key), name);
    const isBelow = view.child(key, name) !== undefined;
    if (stat && (isWhiteout(stat) ? isBelow : !isBelow && !isLeftOut(childPath(parent, name), stat, ignoreWarning)))
      return true;
  }
  return false;
}
