import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../sys/constants.ts';
import { closeFd, openAt } from '../sys/fs-at.ts';
import { pathFromKey } from './tree-path.ts';

const keepOpen = 64;
// The last directories of a long path stay open too. Otherwise a caller that goes up again, such as one that removes
// empty directories, would walk from the root for each of them.
const keepOfPath = 32;

/**
 * Descriptors of a tree's directories by the keys of their paths (see `pathKey`); those used last stay open. Each is
 * opened below its parent with O_NOFOLLOW, so that a symlink on the way is refused and a tree may have any depth.
 */
export class OpenDirectories implements Disposable {
  readonly rootFd: number;
  readonly #open = new Map<string, number>();
  /** The last directories on the way to one deep directory; not requested themselves. */
  readonly #ancestors = new Map<string, number>();
  /** The directory requested last, and mostly next. */
  #lastKey = '';
  #lastFd: number;

  /** Throws the error of opening the directory. */
  constructor(root: string) {
    this.rootFd = openAt(AT_FDCWD, root, O_RDONLY | O_DIRECTORY);
    this.#lastFd = this.rootFd;
  }

  /**
   * Returns a descriptor that is valid until 63 other directories have been requested. Throws ENOENT for a missing
   * directory, and ENOTDIR or ELOOP when a component is not a directory.
   */
  fd(key: string): number {
    if (key === this.#lastKey) return this.#lastFd;
    const fd = key === '' ? this.rootFd : this.#find(key);
    this.#lastKey = key;
    this.#lastFd = fd;
    return fd;
  }

  /** Closes a directory. Call it for one that is removed or replaced, and for each directory inside. */
  forget(key: string): void {
    const ancestor = this.#ancestors.get(key);
    if (ancestor !== undefined) closeFd(ancestor);
    this.#ancestors.delete(key);
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
    for (const opened of [this.#open, this.#ancestors]) {
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
    const fd = this.#takeAncestor(key) ?? this.#descend(key);
    this.#open.set(key, fd);
    if (this.#open.size > keepOpen) {
      for (const oldest of this.#open.keys()) {
        this.forget(oldest);
        break;
      }
    }
    return fd;
  }

  #takeAncestor(key: string): number | undefined {
    const fd = this.#ancestors.get(key);
    this.#ancestors.delete(key);
    return fd;
  }

  // Mostly only requested directories stay open: with its ancestors a deep one would push out all others.
  #descend(key: string): number {
    let end = key.lastIndexOf('/');
    while (end > 0 && !this.#isOpen(key.slice(0, end))) end = key.lastIndexOf('/', end - 1);
    let fd = end > 0 ? this.#find(key.slice(0, end)) : this.rootFd;
    let at = end > 0 ? key.slice(0, end) : '';
    const names = key.slice(end > 0 ? end + 1 : 0).split('/');
    const isLong = names.length > keepOfPath;
    if (isLong) this.#closeAncestors();
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
      if (isOurs && isLong && names.length - count <= keepOfPath) this.#ancestors.set(parentAt, parent);
      else if (isOurs) closeFd(parent);
      at = at === '' ? name : `${at}/${name}`;
      isOurs = true;
    }
    return fd;
  }

  #isOpen(key: string): boolean {
    return this.#open.has(key) || this.#ancestors.has(key);
  }

  #closeAncestors(): void {
    for (const fd of this.#ancestors.values()) closeFd(fd);
    this.#ancestors.clear();
  }
}
