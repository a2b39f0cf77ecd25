import { equalBytes } from '../../lib/bytes.ts';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../sys/constants.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd, openAt, readlinkAt } from '../../sys/fs-at.ts';
import type { FileStat } from '../../sys/stat.ts';
import { isArchived, readXattrsAt, type Xattrs } from '../xattrs.ts';

/** A node of a tree: a name in an open directory, and its status. */
export interface TreeNode {
  readonly directoryFd: number;
  readonly name: Uint8Array;
  readonly stat: FileStat;
}

/** Returns true when owner, mode, attributes and, unless `ignoreTime`, the time are the same. */
export function hasSameMetadata(a: TreeNode, b: TreeNode, ignoreTime = false): boolean {
  const { stat } = a;
  const other = b.stat;
  return (
    stat.mode === other.mode &&
    stat.uid === other.uid &&
    stat.gid === other.gid &&
    (ignoreTime ||
      (stat.mtime.seconds === other.mtime.seconds && stat.mtime.nanoseconds === other.mtime.nanoseconds)) &&
    sameXattrs(xattrsOf(a), xattrsOf(b))
  );
}

/**
 * Returns true when an archive would have the same entry for both. Files of the same size and time are compared by
 * content: a program may set a time back, and many archives have whole seconds only.
 */
export function isSameNode(a: TreeNode, b: TreeNode): boolean {
  if (a.stat.type !== b.stat.type || !hasSameMetadata(a, b)) return false;
  switch (a.stat.type) {
    case 'file':
      return a.stat.size === b.stat.size && (a.stat.isSameInode(b.stat) || hasSameContent(a, b));
    case 'symlink':
      return equalBytes(readlinkAt(a.directoryFd, a.name), readlinkAt(b.directoryFd, b.name));
    case 'character-device':
    case 'block-device':
      return a.stat.nodeMajor === b.stat.nodeMajor && a.stat.nodeMinor === b.stat.nodeMinor;
    default:
      return true;
  }
}

const xattrsOf = ({ directoryFd, name }: TreeNode): Xattrs => readXattrsAt(directoryFd, name, isArchived);

const sameXattrs = (a: Xattrs, b: Xattrs): boolean =>
  a.size === b.size && [...a].every(([name, value]) => isSameValue(value, b.get(name)));

const isSameValue = (a: Uint8Array, b: Uint8Array | undefined): boolean => b !== undefined && equalBytes(a, b);

const chunkBytes = 256 << 10;
const left = Buffer.allocUnsafeSlow(chunkBytes);
const right = Buffer.allocUnsafeSlow(chunkBytes);

function hasSameContent(a: TreeNode, b: TreeNode): boolean {
  const { size } = a.stat;
  if (size === 0) return true;
  const fd = openAt(a.directoryFd, a.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const other = openAt(b.directoryFd, b.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      for (let offset = 0; offset < size; offset += chunkBytes) {
        const count = readFullyAt(fd, left, offset);
        const otherCount = readFullyAt(other, right, offset);
        if (count !== otherCount || left.compare(right, 0, count, 0, count) !== 0) return false;
      }
      return true;
    } finally {
      closeFd(other);
    }
  } finally {
    closeFd(fd);
  }
}
