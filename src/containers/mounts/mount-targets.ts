import { readlinkSync } from 'node:fs';
import { StrataError } from '../../errors/index.ts';
import type { MountSpec } from '../../oci-runtime/spec.ts';
import { AT_FDCWD, O_CREAT, O_EXCL, O_NOFOLLOW, O_PATH, O_WRONLY } from '../../sys/constants.ts';
import { errnoOf } from '../../sys/errno.ts';
import { closeFd, openAt, readlinkAt } from '../../sys/fs-at.ts';
import { maxSymlinkHops } from '../../sys/limits.ts';
import type { Location, RootedTree } from '../../sys/rooted-tree.ts';
import { makeDirectory } from '../../sys/rooted-walk.ts';
import { statAtIfThere, statFd } from '../../sys/stat.ts';

// Mode of created mount points, the runtime's and docker's.
const mode = 0o755;
/** Mounted by the runtime itself: no symlink of an image may lead into them. */
const kernelPaths = ['/proc', '/sys', '/dev'];

const isBelow = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`);

/**
 * Creates missing mount points, and returns the mounts with each destination resolved: an image may have symlinks on
 * the way, to other paths in it. Every path is resolved by descriptor and below the root, so that the runtime gets only
 * existing paths without symlinks (CVE-2021-30465, CVE-2025-52881). Mount points below another mount are left to the
 * runtime. Throws ERR_MOUNT_TARGET_UNSAFE.
 */
export function makeMountTargets(tree: RootedTree, mounts: readonly MountSpec[]): MountSpec[] {
  const destinations = mounts.map(({ destination }) => destination);
  const root = pathOf(tree.fd);
  return mounts.map((mount) => {
    const { destination } = mount;
    const isOnAnother = destinations.some((other) => other !== destination && isBelow(destination, other));
    if (isOnAnother || kernelPaths.includes(destination)) return mount;
    const fd = targetOf(tree, mount);
    try {
      const found = pathOf(fd);
      const resolved = found === root ? '/' : found.slice(root.length);
      const isInside = found === root || found.startsWith(`${root}/`);
      if (!isInside || resolved === '/') throw unsafe(destination, 'leads to the root of the container');
      const kernel = kernelPaths.find((each) => isBelow(resolved, each) && !isBelow(destination, each));
      if (kernel !== undefined) throw unsafe(destination, `leads by a symlink into ${kernel}`);
      return resolved === destination ? mount : { ...mount, destination: resolved };
    } finally {
      closeFd(fd);
    }
  });
}

const pathOf = (fd: number): string => readlinkSync(`/proc/self/fd/${fd}`);

const unsafe = (destination: string, why: string): StrataError =>
  new StrataError({
    code: 'ERR_MOUNT_TARGET_UNSAFE',
    message: `mount ${destination}: the image's path ${why}`,
    hint: 'Such an image can make the runtime mount outside the container. Choose another destination.',
  });

/** Returns an O_PATH descriptor of the mount point, which is created if it is missing. */
function targetOf(tree: RootedTree, { destination, type, source, options }: MountSpec): number {
  try {
    return tree.resolve(destination);
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') throw unsafe(destination, 'has circular symlinks');
    if (errnoOf(error) === 'ENOTDIR') throw unsafe(destination, 'passes through a file that is not a directory');
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  if (type === 'tmpfs') {
    const { fd, name } = tree.parent(destination, { mode });
    makeDirectory(fd, name, { mode: tmpfsMode(options) });
  } else if (type !== 'bind' || isDirectory(source)) tree.directory(destination, { mode });
  else makeFile(tree, destination);
  tree.invalidate();
  return tree.resolve(destination);
}

/** The runtime gives a tmpfs the mode of its mount point: the kernel's default when none is requested. */
function tmpfsMode(options: readonly string[]): number {
  const [, given] = options.map((option) => /^mode=([0-7]{1,5})$/.exec(option)).find((found) => found !== null) ?? [];
  return given === undefined ? 0o1777 : Number.parseInt(given, 8);
}

function isDirectory(source: string): boolean {
  const fd = openAt(AT_FDCWD, source, O_PATH);
  try {
    return statFd(fd).type === 'directory';
  } finally {
    closeFd(fd);
  }
}

/** Creates an empty file, also at the target of a dangling symlink such as `/etc/resolv.conf` in many images. */
function makeFile(tree: RootedTree, destination: string): void {
  let path = destination;
  for (let hops = 0; hops <= maxSymlinkHops; hops++) {
    const { fd, name }: Location = tree.parent(path, { mode });
    if (statAtIfThere(fd, name)?.type !== 'symlink') {
      closeFd(openAt(fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode));
      return;
    }
    const target = Buffer.from(readlinkAt(fd, name)).toString('utf8');
    path = target.startsWith('/') ? target : `${path.replace(/\/*[^/]+\/*$/, '')}/${target}`;
  }
  throw unsafe(destination, 'has circular symlinks');
}
