import { posix } from 'node:path';
import { StrataError } from '../../errors/index.ts';
import { maxUserFileBytes } from '../../images/user-databases.ts';
import { readlinkAt } from '../../sys/fs-at.ts';
import { ifThere, unreachable } from '../../sys/if-there.ts';
import { maxSymlinkHops } from '../../sys/limits.ts';
import type { Location, RootedTree } from '../../sys/rooted-tree.ts';
import { type FileStat, statAtIfThere } from '../../sys/stat.ts';

// Also for a user that is a number, for the sake of HOME.
const userFiles = ['/etc/passwd', '/etc/group'];
// Mounted after an image is looked at: what it has there itself says nothing.
const kernelPlace = /^\/(?:proc|sys|dev)(?:\/|$)/;

/**
 * Refuses a root in which the runtime would wait for ever or take all memory, that of an image or of a container that runs:
 * it opens and reads the user databases whatever they are, a fifo or a terminal too, and needs 18 times the size of one.
 * Throws ERR_ROOTFS_UNSAFE.
 */
export function refuseUnsafeUserFiles(tree: RootedTree): void {
  for (const path of userFiles) {
    const found = whatIs(tree, path);
    if (found === undefined) continue;
    const what = typeof found === 'string' ? found : found.type;
    if (typeof found !== 'string' && what === 'file' && found.size > maxUserFileBytes) {
      const hint = 'The runtime would need many times that much memory to read it.';
      throw unsafe(`${path} has ${found.size} bytes, more than ${maxUserFileBytes}`, hint);
    }
    if (what === 'file' || what === 'directory') continue;
    const hint = 'The runtime would wait for what it says of users; put a file there.';
    throw unsafe(`${path} is a ${what}, not a file`, hint);
  }
}

const unsafe = (problem: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_ROOTFS_UNSAFE', message: `container: ${problem}`, hint });

/** Follows a path name by name, also through folders that are missing: the kernel's are mounted there later. */
function whatIs(tree: RootedTree, path: string): FileStat | string | undefined {
  const rest = path.split('/');
  let folder = '/';
  for (let hops = 0; rest.length > 0; ) {
    const place = posix.join(folder, rest.shift() ?? '');
    if (place === folder) continue;
    if (kernelPlace.test(place)) return "symlink to something of the kernel's";
    const at = place === '/' ? undefined : parentOf(tree, place);
    const stat = at && statAtIfThere(at.fd, at.name);
    if (at === undefined || stat?.type !== 'symlink') {
      if (rest.length === 0) return stat;
      folder = place;
      continue;
    }
    if (hops++ === maxSymlinkHops) return 'symlink that goes round';
    const target = Buffer.from(readlinkAt(at.fd, at.name)).toString('latin1');
    if (target.startsWith('/')) folder = '/';
    rest.unshift(...target.split('/'));
  }
  return 'directory';
}

/** Undefined when there is no such directory. `path` holds bytes: names of an image need not be UTF-8. */
function parentOf(tree: RootedTree, path: string): Location | undefined {
  return ifThere(() => tree.parent(Buffer.from(path, 'latin1')), unreachable);
}
