import { statFd } from '../../sys/stat.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { nameOf } from '../tree-path.ts';
import { isArchived, readXattrs } from '../xattrs.ts';
import { hasSameMetadata, type TreeNode } from './same-node.ts';

/**
 * Returns true when the root has no change to record. Its time alone does not count: otherwise a layer that adds a name
 * to the root would differ each time it is built.
 */
export function isUsualRoot(upper: OpenDirectories, lower: OpenDirectories | undefined): boolean {
  const root = rootOf(upper);
  if (lower) return hasSameMetadata(root, rootOf(lower), true);
  const { permissions, uid, gid } = root.stat;
  return permissions === 0o755 && uid === 0 && gid === 0 && readXattrs(upper.rootFd, isArchived).size === 0;
}

const rootOf = ({ rootFd }: OpenDirectories): TreeNode => ({
  directoryFd: rootFd,
  name: nameOf(new Uint8Array(0)),
  stat: statFd(rootFd),
});
