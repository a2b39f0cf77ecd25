import { posix } from 'node:path';
import { StrataError } from '../../errors/index.ts';
import { maxUserFileBytes } from '../../images/user-databases.ts';
import { readlinkAt } from '../../sys/fs-at.ts';
import { ifThere, unreachable } from '../../sys/if-there.ts';
import { maxSymlinkHops } from '../../sys/limits.ts';
import type { Location, RootedTree } from '../../sys/rooted-tree.ts';
import { type FileStat, statAtIfThere } from '../../sys/stat.ts';

// The runtime reads them even for a numeric user, to find HOME.
const userFiles = ['/etc/passwd', '/etc/group'];
// The kernel's filesystems are mounted over the image's own entries later.
const kernelPath = /^\/(?:proc|sys|dev)(?:\/|$)/;

/**
 * Refuses a root, of an image or of a running container, in which the runtime would wait forever or take all memory: it
 * opens and reads the user databases whatever their type, even a fifo or a terminal, and needs 18 times the size of
 * one. Throws ERR_ROOTFS_UNSAFE.
 */
export function refuseUnsafeUserFiles(tree: RootedTree): void {
  for (const path of userFiles) {
    const found = lookUp(tree, path);
    if (found === undefined) continue;
    const kind = typeof found === 'string' ? found : found.type;
    if (typeof found !== 'string' && kind === 'file' && found.size > maxUserFileBytes) {
      const hint = 'The runtime would need many times that much memory to read it. Make the file smaller.';
      throw unsafe(`${path} has ${found.size} bytes, more than ${maxUserFileBytes}`, hint);
    }
    if (kind === 'file' || kind === 'directory') continue;
    const hint = 'The runtime would wait for it forever. Put a regular file there.';
    throw unsafe(`${path} is a ${kind}, not a file`, hint);
  }
}

const unsafe = (problem: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_ROOTFS_UNSAFE', message: `container: ${problem}`, hint });

/** Follows a path name by name, also through missing directories: the kernel's are mounted there later. */
function lookUp(tree: RootedTree, wanted: string): FileStat | string | undefined {
  const rest = wanted.split('/');
  let folder = '/';
  for (let hops = 0; rest.length > 0; ) {
    const path = posix.join(folder, rest.shift() ?? '');
    if (path === folder) continue;
    if (kernelPath.test(path)) return 'symlink into /proc, /sys or /dev';
    const at = path === '/' ? undefined : parentOf(tree, path);
    const stat = at && statAtIfThere(at.fd, at.name);
    if (at === undefined || stat?.type !== 'symlink') {
      if (rest.length === 0) return stat;
      folder = path;
      continue;
    }
    if (hops++ === maxSymlinkHops) return 'circular symlink';
    const target = Buffer.from(readlinkAt(at.fd, at.name)).toString('latin1');
    if (target.startsWith('/')) folder = '/';
    rest.unshift(...target.split('/'));
  }
  return 'directory';
}

/** Returns undefined when the directory does not exist. `path` holds bytes: names of an image need not be UTF-8. */
function parentOf(tree: RootedTree, path: string): Location | undefined {
  return ifThere(() => tree.parent(Buffer.from(path, 'latin1')), unreachable);
}
