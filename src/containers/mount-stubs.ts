import { MergedView } from '../layer/merged-view.ts';
import { OpenDirectories } from '../layer/open-directories.ts';
import { placeFromKey } from '../layer/place.ts';
import { isOpaque, opaqueAttribute } from '../layer/xattrs.ts';
import { errnoOf } from '../sys/errno.ts';
import { rmdirAt, unlinkAt } from '../sys/fs-at.ts';
import { listFd } from '../sys/list-at.ts';
import { statAtIfThere } from '../sys/stat.ts';

// What is mounted over a container's root by default, innermost first.
const mountPoints = ['etc/hostname', 'etc/hosts', 'etc/resolv.conf', 'proc', 'sys', 'dev'];

export interface ContainerChanges {
  /** A directory with what a container changed, which nobody else uses. */
  readonly directory: string;
  /** Own directories of the layers below, nearest first. */
  readonly lowerDirs: readonly string[];
  /** The directory shows everything, also what is below and did not change. */
  readonly isWhole: boolean;
}

/**
 * Takes away the empty files and directories that the runtime made only to mount something there: they are none of the
 * container's changes, as with docker, which keeps them in a layer of their own. Idempotent.
 */
export function removeMountStubs({ directory, lowerDirs, isWhole }: ContainerChanges): void {
  using changes = new OpenDirectories(directory);
  using below = new MergedView(lowerDirs, { rootless: false });
  for (const place of mountPoints) removeStub(changes, place, below);
  if (isWhole || !isEmpty(changes, 'etc')) return;
  // Copied up, or made, for nothing but the stubs in it.
  const stands = below.isDirectory('etc');
  if (!stands || !isOpaque(changes.fd('etc'), opaqueAttribute(false))) removeDirectory(changes, 'etc');
}

function removeStub(changes: OpenDirectories, place: string, below: MergedView): void {
  if (below.at(place)) return;
  const slash = place.lastIndexOf('/');
  const parent = directoryAt(changes, place.slice(0, Math.max(slash, 0)));
  if (parent === undefined) return;
  const name = placeFromKey(place.slice(slash + 1));
  const stat = statAtIfThere(parent, name);
  if (stat?.type === 'file' && stat.size === 0) unlinkAt(parent, name);
  else if (stat?.type === 'directory' && isEmpty(changes, place)) removeDirectory(changes, place);
}

function removeDirectory(changes: OpenDirectories, place: string): void {
  changes.forget(place);
  rmdirAt(changes.rootFd, placeFromKey(place));
}

function isEmpty(changes: OpenDirectories, place: string): boolean {
  const fd = directoryAt(changes, place);
  return fd !== undefined && listFd(fd).length === 0;
}

/** Undefined where the container has no such directory, or put something else there. */
function directoryAt(changes: OpenDirectories, place: string): number | undefined {
  try {
    return changes.fd(place);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
