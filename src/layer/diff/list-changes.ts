import { setImmediate } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { statAtIfThere } from '../../sys/stat.ts';
import { MergedView } from '../merged-view.ts';
import { OpenDirectories } from '../open-directories.ts';
import { childPlace, comparePlaces, nameOf, parentPlace, placeFromKey, placeKey } from '../place.ts';
import { opaqueAttribute } from '../xattrs.ts';
import type { Change, ChangedTree } from './change.ts';
import { overlayChanges } from './overlay-changes.ts';
import { hasSameMetadata } from './same-node.ts';
import { treeChanges } from './tree-changes.ts';

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
 * deleted directory held.
 * @throws ERR_LAYER_DIFF_INDIRECT, and the signal's reason
 */
export async function listChanges(tree: ChangedTree, { signal }: AbortOptions = {}): Promise<ListedChange[]> {
  const listed = tree.kind === 'overlay' ? overlayList(tree) : treeList(tree.upperDir, tree.lowerDir);
  const found = new Map<string, ListedChange>();
  let count = 0;
  for (const change of listed) {
    found.set(placeKey(change.place), change);
    if (++count % pauseEvery === 0) await setImmediate();
    signal?.throwIfAborted();
  }
  for (const { kind, place } of found.values()) {
    const parent = parentPlace(place);
    const key = placeKey(parent);
    if (kind !== 'changed' && key !== '' && !found.has(key)) found.set(key, { kind: 'changed', place: parent });
  }
  return [...found.values()].sort((a, b) => comparePlaces(a.place, b.place));
}

function* treeList(upperDir: string, lowerDir: string | undefined): Generator<ListedChange, void> {
  using upper = new OpenDirectories(upperDir);
  using lower = lowerDir === undefined ? undefined : new OpenDirectories(lowerDir);
  using view = new MergedView(lowerDir === undefined ? [] : [lowerDir], { rootless: false });
  const { changes, repeated } = treeChanges(upper, lower, ignore);
  for (const { kind, place } of changes) {
    const key = placeKey(place);
    if (key === '' || repeated.has(key)) continue;
    yield { kind: kind !== 'entry' ? 'deleted' : view.at(key) ? 'changed' : 'added', place };
  }
}

function* overlayList(tree: OverlayTree): Generator<ListedChange, void> {
  using upper = new OpenDirectories(tree.upperDir);
  using view = new MergedView(tree.lowerDirs, { rootless: tree.rootless ?? false });
  const hidden = new Set<string>();
  for (const change of overlayChanges([upper], opaqueAttribute(tree.rootless ?? false), ignore)) {
    const { place, kind } = change;
    const key = placeKey(place);
    if (key === '') continue;
    if (kind === 'entry') {
      const line = listedEntry(change, upper, view);
      if (line) yield line;
    } else if (kind === 'whiteout' && view.at(key)) yield { kind: 'deleted', place };
    const isHidden = kind === 'opaque' || (kind === 'entry' && hidden.has(placeKey(parentPlace(place))));
    if (!isHidden || (kind === 'entry' && change.stat.type !== 'directory')) continue;
    hidden.add(key);
    yield* hiddenNames(key, upper, view);
  }
}

function listedEntry(
  { place, directory, stat }: Change & { readonly kind: 'entry' },
  upper: OpenDirectories,
  view: MergedView,
): ListedChange | undefined {
  const shown = view.at(placeKey(place));
  if (!shown) return { kind: 'added', place };
  const isSame =
    stat.type === 'directory' &&
    shown.stat.type === 'directory' &&
    hasSameMetadata(
      { directoryFd: upper.fd(directory), name: nameOf(place), stat },
      { directoryFd: shown.layerFd, name: shown.place, stat: shown.stat },
    );
  return isSame ? undefined : { kind: 'changed', place };
}

/** What an opaque directory hides without saying so. */
function* hiddenNames(key: string, upper: OpenDirectories, view: MergedView): Generator<ListedChange, void> {
  for (const name of view.names(key)) {
    if (!statAtIfThere(upper.fd(key), name)) yield { kind: 'deleted', place: childPlace(placeFromKey(key), name) };
  }
}
