import { posix } from 'node:path';
import { StrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';
import { readlinkAt } from '../../sys/fs-at.ts';
import type { Location, RootedTree } from '../../sys/rooted-tree.ts';
import { statAtIfThere } from '../../sys/stat.ts';

// Also for a user that is a number, for the sake of HOME.
const userFiles = ['/etc/passwd', '/etc/group'];
// Mounted after an image is looked at: what it has there itself says nothing.
const kernelPlace = /^\/(?:proc|sys|dev)(?:\/|$)/;
// As the kernel has it.
const maxHops = 40;

/**
 * Refuses a root in which the runtime would wait for ever, that of an image or of a container that runs: it opens and reads
 * the user databases whatever they are, a fifo or a terminal too. Throws ERR_ROOTFS_UNSAFE.
 */
export function refuseUnsafeUserFiles(tree: RootedTree): void {
  for (const path of userFiles) {
    const what = whatIs(tree, path);
    if (what === undefined || what === 'file' || what === 'directory') continue;
    throw new StrataError({
      kind: 'invalid-argument',
      code: 'ERR_ROOTFS_UNSAFE',
      message: `container: ${path} is a ${what}, not a file`,
      hint: 'The runtime would wait for what it says of users; put a file there.',
    });
  }
}

function whatIs(tree: RootedTree, given: string): string | undefined {
  let path = given;
  for (let hops = 0; hops <= maxHops; hops++) {
    const at = parentOf(tree, path);
    const folder = at === undefined ? posix.dirname(path) : `/${Buffer.from(tree.pathOf(at.fd)).toString('utf8')}`;
    if (kernelPlace.test(posix.join(folder, posix.basename(path)))) return "symlink to something of the kernel's";
    if (at === undefined) return undefined;
    const type = statAtIfThere(at.fd, at.name)?.type;
    if (type !== 'symlink') return type;
    path = posix.resolve(folder, Buffer.from(readlinkAt(at.fd, at.name)).toString('utf8'));
  }
  return 'symlink that goes round';
}

/** Undefined when there is no such directory. */
function parentOf(tree: RootedTree, path: string): Location | undefined {
  try {
    return tree.parent(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
