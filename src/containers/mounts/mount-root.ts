import { realpathSync } from 'node:fs';
import type { MountSpec as RuntimeMount } from '../../oci-runtime/spec.ts';
import { bindDetached } from '../../sys/bind-mount.ts';
import { AT_FDCWD, O_RDONLY } from '../../sys/constants.ts';
import { errnoOf } from '../../sys/errno.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { attachMount } from '../../sys/mount-fd.ts';
import { type Mount, mountDetached } from '../../sys/mount-list.ts';
import { inOwnMountNamespace } from '../../sys/mount-namespace.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import type { HostJob } from '../../sys/worker/host.ts';
import { makeMountTargets } from './mount-targets.ts';

/** The filesystem of a container that does not run; plain data. */
export interface RootPlan {
  readonly rootfs: readonly Mount[];
  /** An existing directory: the root is mounted over it, in a namespace that no other process sees. */
  readonly mountPoint: string;
  /** Mounts bound into it, outer ones first. */
  readonly binds: readonly RuntimeMount[];
  /** True creates missing mount points, in the root only. */
  readonly createsMountPoints: boolean;
}

/** Descriptors, which the caller closes. The mounts live as long as the namespace's; a root alone needs none. */
export interface MountedRoot {
  readonly root: number;
  readonly namespace: number | undefined;
}

/**
 * Mounts a container's root and its binds in a mount namespace that only these descriptors hold. A bind with a missing
 * source, or at a mount point that is missing and not created, is left out. Throws ERR_MOUNT_TARGET_UNSAFE.
 *
 * Moves the calling thread into a mount namespace and back: see {@link inOwnMountNamespace}.
 */
export const mountRootJob: HostJob<RootPlan, never, MountedRoot> = {
  kind: 'mount-root',
  leavesMounts: false,
  run: mountRoot,
};

function mountRoot({ rootfs, mountPoint, binds, createsMountPoints }: RootPlan): MountedRoot {
  return inOwnMountNamespace(() => {
    const root = mountDetached(rootfs);
    try {
      // The sources are cloned first, because the root may hide them.
      using sources = clonesOf(binds);
      attachMount(root, AT_FDCWD, mountPoint);
      using tree = RootedTree.open(`/proc/self/fd/${root}`);
      const attached: string[] = [];
      for (const [bind, fd] of sources.all) {
        const isOnAnother = attached.some((path) => bind.destination.startsWith(`${path}/`));
        if ((isOnAnother || !createsMountPoints) && !exists(tree, bind.destination)) continue;
        const [{ destination } = bind] = makeMountTargets(tree, [bind]);
        const target = tree.parent(destination);
        attachMount(fd, target.fd, target.name);
        tree.invalidate();
        attached.push(bind.destination);
      }
      return { root, namespace: openAt(AT_FDCWD, '/proc/thread-self/ns/mnt', O_RDONLY) };
    } catch (error) {
      closeFd(root);
      throw error;
    }
  });
}

function clonesOf(binds: readonly RuntimeMount[]): Disposable & { readonly all: [RuntimeMount, number][] } {
  const all: [RuntimeMount, number][] = [];
  const close = (): void => {
    for (const [, fd] of all) closeFd(fd);
  };
  try {
    for (const bind of binds) {
      const { options } = bind;
      const how = {
        readOnly: options.includes('ro') || options.includes('rro'),
        isWritableBelow: !options.includes('rro'),
        recursive: options.includes('rbind'),
      };
      try {
        // A symlink is followed, as the runtime does.
        all.push([bind, bindDetached(realpathSync(bind.source), how)]);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
      }
    }
  } catch (error) {
    close();
    throw error;
  }
  return { all, [Symbol.dispose]: close };
}

function exists(tree: RootedTree, path: string): boolean {
  try {
    closeFd(tree.resolve(path));
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') return false;
    throw error;
  }
}
