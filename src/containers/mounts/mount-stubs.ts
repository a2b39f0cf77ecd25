import type { ChangedTree } from '../../layer/diff/change.ts';
import type { ListedChange } from '../../layer/diff/list-changes.ts';
import { MergedView } from '../../layer/merged-view.ts';
import { OpenDirectories } from '../../layer/open-directories.ts';
import { isOpaque, opaqueAttribute } from '../../layer/overlay-form.ts';
import { placeFromKey, placeKey } from '../../layer/place.ts';
import { rmdirAt, unlinkAt } from '../../sys/fs-at.ts';
import { ifThere, unreachable } from '../../sys/if-there.ts';
import { listFd } from '../../sys/list-at.ts';
import { statAt, statAtIfThere } from '../../sys/stat.ts';

// What is mounted over a container's root by default, innermost first.
const mountPoints = ['etc/hostname', 'etc/hosts', 'etc/resolv.conf', 'proc', 'sys', 'dev'];

/**
 * Places of the empty files and directories that the runtime made only to mount something there, those inside a
 * directory before it: they are none of the container's changes, as with docker, which keeps them in a layer of their own.
 */
export function mountStubs(tree: ChangedTree): ReadonlySet<string> {
  using changes = new OpenDirectories(tree.upperDir);
  using below = viewBelow(tree);
  const stubs = new Set(mountPoints.filter((place) => !below.at(place) && isStub(changes, place)));
  if (tree.kind === 'trees' || !hasOnly(changes, 'etc', stubs)) return stubs;
  // Copied up, or made, for nothing but the stubs in it.
  const stands = below.isDirectory('etc');
  if (!stands || !isOpaque(changes.fd('etc'), opaqueAttribute(false))) stubs.add('etc');
  return stubs;
}

/** Takes {@link mountStubs} away from where nobody else looks. Idempotent. */
export function removeMountStubs(tree: ChangedTree): void {
  using changes = new OpenDirectories(tree.upperDir);
  for (const place of mountStubs(tree)) {
    const parent = changes.fd(parentOf(place));
    const name = placeFromKey(place.slice(place.lastIndexOf('/') + 1));
    if (statAt(parent, name).type !== 'directory') unlinkAt(parent, name);
    else {
      changes.forget(place);
      rmdirAt(parent, name);
    }
  }
}

/**
 * A container's changes without those of {@link mountStubs}, which stay where they are. The container may run.
 */
export async function* withoutMountStubs(
  listed: AsyncIterable<ListedChange>,
  tree: ChangedTree,
): AsyncGenerator<ListedChange, void> {
  using changes = new OpenDirectories(tree.upperDir);
  const isStubOf = ({ kind }: ListedChange, place: string): boolean =>
    kind === 'added' && mountPoints.includes(place) && isStub(changes, place);
  // Held back until something else than stubs is seen in it.
  let etc: ListedChange | undefined;
  let hasStubs = false;
  const isOnlyStubs = (): boolean => {
    if (!hasStubs) return false;
    using below = viewBelow(tree);
    return isAsBelow(changes, below);
  };
  for await (const change of listed) {
    const place = placeKey(change.place);
    if (isStubOf(change, place)) {
      hasStubs ||= isBelowEtc(place);
      continue;
    }
    if (etc !== undefined && (isBelowEtc(place) || !isOnlyStubs())) yield etc;
    etc = place === 'etc' ? change : undefined;
    if (etc === undefined) yield change;
  }
  if (etc !== undefined && !isOnlyStubs()) yield etc;
}

/** What a container's image shows. */
function viewBelow(tree: ChangedTree): MergedView {
  if (tree.kind === 'overlay') return new MergedView(tree.lowerDirs, { rootless: false });
  return new MergedView(tree.lowerDir === undefined ? [] : [tree.lowerDir], { rootless: false });
}

const isBelowEtc = (place: string): boolean => place.startsWith('etc/');

/** /etc has nothing new but its time: the runtime makes a missing one as it makes the stubs. */
function isAsBelow(changes: OpenDirectories, below: MergedView): boolean {
  const before = below.at('etc')?.stat;
  if (before === undefined) return true;
  const now = statAtIfThere(changes.rootFd, placeFromKey('etc'));
  return before.mode === now?.mode && before.uid === now.uid && before.gid === now.gid;
}

function isStub(changes: OpenDirectories, place: string): boolean {
  const parent = directoryAt(changes, parentOf(place));
  const name = placeFromKey(place.slice(place.lastIndexOf('/') + 1));
  const stat = parent === undefined ? undefined : statAtIfThere(parent, name);
  return stat?.type === 'directory' ? hasOnly(changes, place, nothing) : stat?.type === 'file' && stat.size === 0;
}

const parentOf = (place: string): string => place.slice(0, Math.max(place.lastIndexOf('/'), 0));

const nothing: ReadonlySet<string> = new Set();

/** Whether there is such a directory, and nothing in it but these places. */
function hasOnly(changes: OpenDirectories, directory: string, places: ReadonlySet<string>): boolean {
  const fd = directoryAt(changes, directory);
  return (
    fd !== undefined &&
    listFd(fd)
      .names()
      .every((name) => places.has(`${directory}/${placeKey(name)}`))
  );
}

/** Undefined where the container has no such directory, or put something else there. */
function directoryAt(changes: OpenDirectories, place: string): number | undefined {
  return ifThere(() => changes.fd(place), unreachable);
}
