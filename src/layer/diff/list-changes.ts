import { setImmediate } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { listFd } from '../../sys/list-at.ts';
import { statAtIfThere } from '../../sys/stat.ts';
import { MergedView, type Shown } from '../merged-view.ts';
import { OpenDirectories } from '../open-directories.ts';
import { isOpaque, isWhiteout, opaqueAttribute } from '../overlay-form.ts';
import { childPlace, nameOf, placeFromKey, placeKey } from '../place.ts';
import type { Change, ChangedTree, EntryChange } from './change.ts';
import { HiddenNames } from './hidden-names.ts';
import { isLeftOut } from './left-out.ts';
import { overlayChanges } from './overlay-changes.ts';
import { hasSameMetadata } from './same-node.ts';
import { TreeComparison } from './tree-comparison.ts';

/** A line of `diff`. */
export interface ListedChange {
  readonly kind: 'added' | 'changed' | 'deleted';
  readonly place: Uint8Array;
}

type OverlayTree = ChangedTree & { readonly kind: 'overlay' };

const pauseEvery = 500;
const ignore = (): void => {};

/**
 * What has changed in a tree, as `docker diff` tells it, in path order. A directory counts as changed when its owner,
 * mode, time or attributes did, or when something in it was added or deleted; the root is never listed, nor is what a
 * deleted directory held. Nothing is kept of what was listed.
 * @throws ERR_LAYER_DIFF_INDIRECT, and the signal's reason
 */
export async function* listChanges(
  tree: ChangedTree,
  { signal }: AbortOptions = {},
): AsyncGenerator<ListedChange, void> {
  let count = 0;
  for (const change of tree.kind === 'overlay' ? overlayList(tree) : treeList(tree.upperDir, tree.lowerDir)) {
    if (++count % pauseEvery === 0) await setImmediate();
    signal?.throwIfAborted();
    yield change;
  }
}

function* treeList(upperDir: string, lowerDir: string | undefined): Generator<ListedChange, void> {
  using upper = new OpenDirectories(upperDir);
  using lower = lowerDir === undefined ? undefined : new OpenDirectories(lowerDir);
  const comparison = new TreeComparison(upper, lower, ignore);
  for (const node of comparison.nodes()) {
    const { place, stat, before } = node;
    if (stat === undefined) yield { kind: 'deleted', place };
    else if (before === undefined) yield { kind: 'added', place };
    else if (!comparison.isSame(node) || (stat.type === 'directory' && comparison.hasOtherNames(place))) {
      yield { kind: 'changed', place };
    }
  }
}

function* overlayList(tree: OverlayTree): Generator<ListedChange, void> {
  using upper = new OpenDirectories(tree.upperDir);
  using view = new MergedView(tree.lowerDirs, { rootless: tree.rootless ?? false });
  const mark = opaqueAttribute(tree.rootless ?? false);
  const hidden = new HiddenNames(upper, view);
  for (const change of overlayChanges([upper], mark, ignore)) {
    const { place, kind } = change;
    if (place.length === 0 || kind === 'opaque') continue;
    for (const name of hidden.until(place)) yield { kind: 'deleted', place: name };
    const key = placeKey(place);
    const shown = view.at(key);
    const isHidden = isDirectory(change) && (hidden.isInside || isOpaque(upper.fd(key), mark));
    if (kind === 'whiteout') {
      if (shown) yield { kind: 'deleted', place };
    } else if (!shown) yield { kind: 'added', place };
    else if (
      !isSameDirectory(change, shown, upper) ||
      hasNewNames(key, upper, view) ||
      (isHidden && hidden.lacksNames(place))
    ) {
      yield { kind: 'changed', place };
    }
    if (isHidden) hidden.enter(place);
  }
  for (const name of hidden.until(undefined)) yield { kind: 'deleted', place: name };
}

const isDirectory = (change: Change): boolean => change.kind === 'entry' && change.stat.type === 'directory';

const isSameDirectory = ({ place, directory, stat }: EntryChange, shown: Shown, upper: OpenDirectories): boolean =>
  stat.type === 'directory' &&
  shown.stat.type === 'directory' &&
  hasSameMetadata(
    { directoryFd: upper.fd(directory), name: nameOf(place), stat },
    { directoryFd: shown.layerFd, name: shown.place, stat: shown.stat },
  );

/** Whether something was added to a directory, or deleted there by name. */
function hasNewNames(key: string, upper: OpenDirectories, view: MergedView): boolean {
  const parent = placeFromKey(key);
  for (const name of listFd(upper.fd(key)).names()) {
    const stat = statAtIfThere(upper.fd(key), name);
    const isThere = view.child(key, name) !== undefined;
    if (stat && (isWhiteout(stat) ? isThere : !isThere && !isLeftOut(childPlace(parent, name), stat, ignore)))
      return true;
  }
  return false;
}
