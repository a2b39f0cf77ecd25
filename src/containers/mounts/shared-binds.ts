import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerMount, isShared } from '../../oci-runtime/mounts.ts';
import { bindDetached } from '../../sys/bind-mount.ts';
import { AT_FDCWD } from '../../sys/constants.ts';
import { closeFd } from '../../sys/fs-at.ts';
import { attachMount } from '../../sys/mount-fd.ts';
import { statFd } from '../../sys/stat.ts';

interface SharedBind {
  readonly mount: ContainerMount;
  /** A mount that is a peer of the host's, not attached anywhere. */
  readonly fd: number;
  /** Its mount point in the bundle. */
  readonly mountPoint: string;
}

/**
 * Binds of a container that propagate mounts to the host. The mount namespace of the container's root receives the
 * host's mounts and propagates none. So these binds are cloned before a thread enters it, and attached in the
 * container's bundle, from where the runtime binds them.
 */
export class SharedBinds implements Disposable {
  /** All mounts; the source of a shared one is its path in the bundle. */
  readonly mounts: readonly ContainerMount[];
  readonly #shared: readonly SharedBind[];

  private constructor(mounts: readonly ContainerMount[], shared: readonly SharedBind[]) {
    this.#shared = shared;
    this.mounts = mounts.map((mount) => {
      const found = shared.find((bind) => bind.mount === mount);
      return mount.type === 'bind' && found !== undefined ? { ...mount, source: found.mountPoint } : mount;
    });
  }

  /** Clones the shared binds. Call it in the host's mount namespace; `bundle` need not exist yet. */
  static take(mounts: readonly ContainerMount[] = [], bundle: string): SharedBinds {
    const shared: SharedBind[] = [];
    try {
      for (const mount of mounts) {
        if (mount.type !== 'bind' || !isShared(mount)) continue;
        // A symlink is followed, as the runtime does with other sources.
        const fd = bindDetached(realpathSync(mount.source), { recursive: mount.recursive !== false });
        shared.push({ mount, fd, mountPoint: join(bundle, `shared-${shared.length}`) });
      }
    } catch (error) {
      for (const { fd } of shared) closeFd(fd);
      throw error;
    }
    return new SharedBinds(mounts, shared);
  }

  get isEmpty(): boolean {
    return this.#shared.length === 0;
  }

  /** Creates the mount points in the bundle, which exists. */
  makeMountPoints(): void {
    for (const { fd, mountPoint } of this.#shared) {
      if (statFd(fd).type === 'directory') mkdirSync(mountPoint, { mode: 0o700 });
      else writeFileSync(mountPoint, '', { mode: 0o600 });
    }
  }

  /**
   * Attaches the cloned mounts. Call it in a namespace in which no process removes the bundle or unmounts anything:
   * both would reach the host's files and mounts.
   */
  attach(): void {
    for (const { fd, mountPoint } of this.#shared) attachMount(fd, AT_FDCWD, mountPoint);
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#shared) closeFd(fd);
  }
}
