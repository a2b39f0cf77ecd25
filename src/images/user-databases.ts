import { isKind } from '../errors/index.ts';
import type { UserDatabases } from '../oci-runtime/user.ts';
import { readFullyAt } from '../sys/fd-io.ts';
import { closeFd } from '../sys/fs-at.ts';
import type { RootedTree } from '../sys/rooted-tree.ts';
import { statFd } from '../sys/stat.ts';

/** A larger file holds more than 50,000 users: an attack on memory. Only its first bytes are read. */
export const maxUserFileBytes: number = 4 << 20;

/**
 * Reads the users and groups of an image's tree. The image may have made `/etc/passwd` a symlink, a fifo or 10 GB of
 * zeros: symlinks stay inside the tree, anything but a file counts as absent (CVE-2024-9676 and its kin).
 */
export const readUserDatabases = (tree: RootedTree): UserDatabases => ({
  passwd: read(tree, 'etc/passwd'),
  group: read(tree, 'etc/group'),
});

function read(tree: RootedTree, path: string): string {
  let fd: number;
  try {
    fd = tree.openFile(path);
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'failed-precondition')) return '';
    throw error;
  }
  try {
    const bytes = Buffer.alloc(Math.min(statFd(fd).size, maxUserFileBytes));
    return bytes.subarray(0, readFullyAt(fd, bytes, 0)).toString('utf8');
  } finally {
    closeFd(fd);
  }
}
