import type { ChangedTree } from '../../layer/diff/change.ts';
import type { ListedChange } from '../../layer/diff/list-changes.ts';
import { OpenDirectories } from '../../layer/open-directories.ts';
import { isOpaque, opaqueAttribute } from '../../layer/overlay-form.ts';
import { OverlayView } from '../../layer/overlay-view.ts';
import { pathFromKey, pathKey } from '../../layer/tree-path.ts';
import { rmdirAt, unlinkAt } from '../../sys/fs-at.ts';
import { ifThere, unreachable } from '../../sys/if-there.ts';
import { listFd } from '../../sys/list-at.ts';
import { statAt, statAtIfThere } from '../../sys/stat.ts';

// Default mount points of a container's root, innermost first.
const mountPoints = ['etc/hostname', 'etc/hosts', 'etc/resolv.conf', 'proc', 'sys', 'dev'];

/**
 * Returns the paths of the empty files and directories that the runtime created only as mount points, entries before
 * their directory. They do not belong to the container's changes; docker keeps them in a layer of their own.
 */
export function mountStubs(tree: ChangedTree): ReadonlySet<string> {
  using changes = new OpenDirectories(tree.upperDir);
  using below = viewBelow(tree);
  const stubs = new Set(mountPoints.filter((path) => !below.at(path) && isStub(changes, path)));
  if (tree.kind === 'trees' || !hasOnly(changes, 'etc', stubs)) return stubs;
  // /etc was copied up, or created, only for the stubs in it.
  const hasEtc = below.isDirectory('etc');
  if (!hasEtc || !isOpaque(changes.fd('etc'), opaqueAttribute(false))) stubs.add('etc');
  return stubs;
}

/** Removes the {@link mountStubs} of a tree that no other process uses. Idempotent. */
export function removeMountStubs(tree: ChangedTree): void {
  using changes = new OpenDirectories(tree.upperDir);
  for (const path of mountStubs(tree)) {
    const parent = changes.fd(parentOf(path));
    const name = pathFromKey(path.slice(path.lastIndexOf('/') + 1));
    if (statAt(parent, name).type !== 'directory') unlinkAt(parent, name);
    else {
      changes.forget(path);
      rmdirAt(parent, name);
    }
  }
}

/** Yields a container's changes without {@link mountStubs}, which stay on disk. The container may run. */
export async function* withoutMountStubs(
  listed: AsyncIterable<ListedChange>,
  tree: ChangedTree,
): AsyncGenerator<ListedChange, void> {
  using changes = new OpenDirectories(tree.upperDir);
  const isStubOf = ({ kind }: ListedChange, path: string): boolean =>
    kind === 'added' && mountPoints.includes(path) && isStub(changes, path);
  // Held back until an entry other than a stub is seen in it.
  let etc: ListedChange | undefined;
  let hasStubs = false;
  const isOnlyStubs = (): boolean => {
    if (!hasStubs) return false;
    using below = viewBelow(tree);
    return isAsBelow(changes, below);
  };
  for await (const change of listed) {
    const path = pathKey(change.path);
    if (isStubOf(change, path)) {
      hasStubs ||= isBelowEtc(path);
      continue;
    }
    if (etc !== undefined && (isBelowEtc(path) || !isOnlyStubs())) yield etc;
    etc = path === 'etc' ? change : undefined;
    if (etc === undefined) yield change;
  }
  if (etc !== undefined && !isOnlyStubs()) yield etc;
}

/** Returns the view of the container's image. */
function viewBelow(tree: ChangedTree): OverlayView {
  if (tree.kind === 'overlay') return new OverlayView(tree.lowerDirs, { rootless: false });
  return new OverlayView(tree.lowerDir === undefined ? [] : [tree.lowerDir], { rootless: false });
}

const isBelowEtc = (path: string): boolean => path.startsWith('etc/');

/**
 * True when /etc differs from the image's only in its time: the runtime creates a missing one together with the stubs.
 */
function isAsBelow(changes: OpenDirectories, below: OverlayView): boolean {
  const before = below.at('etc')?.stat;
  if (before === undefined) return true;
  const now = statAtIfThere(changes.rootFd, pathFromKey('etc'));
  return before.mode === now?.mode && before.uid === now.uid && before.gid === now.gid;
}

function isStub(changes: OpenDirectories, path: string): boolean {
  const parent = directoryAt(changes, parentOf(path));
  const name = pathFromKey(path.slice(path.lastIndexOf('/') + 1));
  const stat = parent === undefined ? undefined : statAtIfThere(parent, name);
  return stat?.type === 'directory' ? hasOnly(changes, path, nothing) : stat?.type === 'file' && stat.size === 0;
}

const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

const nothing: ReadonlySet<string> = new Set();

/** True when the directory exists and has only entries with these paths. */
function hasOnly(changes: OpenDirectories, directory: string, paths: ReadonlySet<string>): boolean {
  const fd = directoryAt(changes, directory);
  return (
    fd !== undefined &&
    listFd(fd)
      .names()
      .every((name) => paths.has(`${directory}/${pathKey(name)}`))
  );
}

/** Returns undefined where the container has no such directory, or another file there. */
function directoryAt(changes: OpenDirectories, path: string): number | undefined {
  return ifThere(() => changes.fd(path), unreachable);
}
