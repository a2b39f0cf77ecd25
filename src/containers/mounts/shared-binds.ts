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
  /** A mount that is a peer of the host's, attached nowhere. */
  readonly fd: number;
  readonly place: string;
}

/**
 * The binds of a container through which mounts reach the host. The mount namespace a container's root is mounted in gets
 * the host's mounts and gives it none. So these are taken before a thread goes there, and attached at places in the
 * container's bundle from which the runtime binds them.
 */
export class SharedBinds implements Disposable {
  /** All mounts, the shared ones with such a place as their source. */
  readonly mounts: readonly ContainerMount[];
  readonly #shared: readonly SharedBind[];

  private constructor(mounts: readonly ContainerMount[], shared: readonly SharedBind[]) {
    this.#shared = shared;
    this.mounts = mounts.map((mount) => {
      const found = shared.find((one) => one.mount === mount);
      return mount.type === 'bind' && found !== undefined ? { ...mount, source: found.place } : mount;
    });
  }

  /** To be called in the host's mount namespace. `bundle` need not be there yet. */
  static take(mounts: readonly ContainerMount[] = [], bundle: string): SharedBinds {
    const shared: SharedBind[] = [];
    try {
      for (const mount of mounts) {
        if (mount.type !== 'bind' || !isShared(mount)) continue;
        // A symlink is followed, as the runtime does with other sources.
        const fd = bindDetached(realpathSync(mount.source), { recursive: mount.recursive !== false });
        shared.push({ mount, fd, place: join(bundle, `shared-${shared.length}`) });
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

  /** Makes the places in the bundle, which is there. */
  makePlaces(): void {
    for (const { fd, place } of this.#shared) {
      if (statFd(fd).type === 'directory') mkdirSync(place, { mode: 0o700 });
      else writeFileSync(place, '', { mode: 0o600 });
    }
  }

  /**
   * Attaches what was taken. To be called in a namespace in which nobody removes the bundle or unmounts anything: both
   * would reach the host's files and mounts.
   */
  attach(): void {
    for (const { fd, place } of this.#shared) attachMount(fd, AT_FDCWD, place);
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#shared) closeFd(fd);
  }
}
