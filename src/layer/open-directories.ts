import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../sys/constants.ts';
import { closeFd, openAt } from '../sys/fs-at.ts';
import { pathFromKey } from './tree-path.ts';

const keepOpen = 64;
// Of a long way the end stays open too: whoever goes up again, as one does who removes what is empty, would come from the root
// for each directory.
const keepOfWay = 32;

/**
 * Descriptors of a tree's directories by their place (as a key, see `pathKey`), the ones used last kept open. Each is
 * opened below its parent with O_NOFOLLOW, so a symlink on the way is refused and no depth of the tree is too much.
 */
export class OpenDirectories implements Disposable {
  readonly rootFd: number;
  readonly #open = new Map<string, number>();
  /** The end of the last long way, which nobody has asked for. */
  readonly #way = new Map<string, number>();
  /** The one asked for last, and mostly next. */
  #lastKey = '';
  #lastFd: number;

  /** Throws what opening the directory throws. */
  constructor(root: string) {
    this.rootFd = openAt(AT_FDCWD, root, O_RDONLY | O_DIRECTORY);
    this.#lastFd = this.rootFd;
  }

  /**
   * Good until 63 other directories have been asked for. Throws ENOENT, and ENOTDIR or ELOOP where the way leads
   * through something that is no directory.
   */
  fd(key: string): number {
    if (key === this.#lastKey) return this.#lastFd;
    const fd = key === '' ? this.rootFd : this.#find(key);
    this.#lastKey = key;
    this.#lastFd = fd;
    return fd;
  }

  /** To be said of a directory that is removed or replaced; those inside it are to be forgotten as well. */
  forget(key: string): void {
    const passed = this.#way.get(key);
    if (passed !== undefined) closeFd(passed);
    this.#way.delete(key);
    const fd = this.#open.get(key);
    if (fd === undefined) return;
    if (this.#lastKey === key) {
      this.#lastKey = '';
      this.#lastFd = this.rootFd;
    }
    this.#open.delete(key);
    closeFd(fd);
  }

  [Symbol.dispose](): void {
    for (const opened of [this.#open, this.#way]) {
      for (const fd of opened.values()) closeFd(fd);
      opened.clear();
    }
    closeFd(this.rootFd);
  }

  #find(key: string): number {
    const open = this.#open.get(key);
    if (open !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, open);
      return open;
    }
    const fd = this.#takeFromWay(key) ?? this.#descend(key);
    this.#open.set(key, fd);
    if (this.#open.size > keepOpen) {
      for (const oldest of this.#open.keys()) {
        this.forget(oldest);
        break;
      }
    }
    return fd;
  }

  #takeFromWay(key: string): number | undefined {
    const fd = this.#way.get(key);
    this.#way.delete(key);
    return fd;
  }

  // Mostly only directories that are asked for stay open: a deep one would push all others out with its ancestors.
  #descend(key: string): number {
    let end = key.lastIndexOf('/');
    while (end > 0 && !this.#isOpen(key.slice(0, end))) end = key.lastIndexOf('/', end - 1);
    let fd = end > 0 ? this.#find(key.slice(0, end)) : this.rootFd;
    let at = end > 0 ? key.slice(0, end) : '';
    const names = key.slice(end > 0 ? end + 1 : 0).split('/');
    const isLong = names.length > keepOfWay;
    if (isLong) this.#leaveWay();
    let isOurs = false;
    for (const [count, name] of names.entries()) {
      const parent = fd;
      const parentAt = at;
      try {
        fd = openAt(parent, pathFromKey(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      } catch (error) {
        if (isOurs) closeFd(parent);
        throw error;
      }
      if (isOurs && isLong && names.length - count <= keepOfWay) this.#way.set(parentAt, parent);
      else if (isOurs) closeFd(parent);
      at = at === '' ? name : `${at}/${name}`;
      isOurs = true;
    }
    return fd;
  }

  #isOpen(key: string): boolean {
    return this.#open.has(key) || this.#way.has(key);
  }

  #leaveWay(): void {
    for (const fd of this.#way.values()) closeFd(fd);
    this.#way.clear();
  }
}
