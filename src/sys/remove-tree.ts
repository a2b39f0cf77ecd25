import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, RENAME_NOREPLACE } from './constants.ts';
import { errnoOf } from './errno.ts';
import { chmodAt } from './file-attributes.ts';
import { closeFd, openAt, renameAt, rmdirAt, unlinkAt } from './fs-at.ts';
import { listFd } from './list-at.ts';
import type { Name } from './scratch.ts';

// A tree from an archive may be deeper than the limit of open files, and deeper than any path can name.
const maxDepth = 64;

/**
 * Removes a file, a symlink itself, or a directory with its contents. Works by descriptor, so nothing outside is reached even if
 * another process changes the tree meanwhile. ENOENT when the name does not exist.
 */
export function removeTreeAt(dirFd: number, name: Name): void {
  try {
    return unlinkAt(dirFd, name);
  } catch (error) {
    if (errnoOf(error) !== 'EISDIR') throw error;
  }
  const fd = openForRemoval(dirFd, name);
  try {
    new TreeRemoval(fd).run();
  } finally {
    closeFd(fd);
  }
  rmdirAt(dirFd, name);
}

/** Removes a tree by path, as {@link removeTreeAt} does; does nothing when the path does not exist. */
export function removeTree(path: Name): void {
  try {
    removeTreeAt(AT_FDCWD, path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

class TreeRemoval {
  readonly #topFd: number;
  #hoisted = 0;

  constructor(topFd: number) {
    this.#topFd = topFd;
  }

  run(): void {
    // Each round removes what the previous round has moved up.
    let before: number;
    do {
      before = this.#hoisted;
      this.#empty(this.#topFd, 0);
    } while (this.#hoisted > before);
  }

  #empty(fd: number, depth: number): void {
    for (const { name, type } of listFd(fd)) {
      if (type !== 'directory') unlinkAt(fd, name);
      else if (depth < maxDepth) this.#remove(fd, name, depth + 1);
      else this.#hoist(fd, name);
    }
  }

  #remove(dirFd: number, name: Uint8Array, depth: number): void {
    const fd = openForRemoval(dirFd, name);
    try {
      this.#empty(fd, depth);
    } finally {
      closeFd(fd);
    }
    rmdirAt(dirFd, name);
  }

  // Moves a deep directory to the top of the tree that is being removed.
  #hoist(dirFd: number, name: Uint8Array): void {
    for (;;) {
      try {
        return renameAt(dirFd, name, this.#topFd, `.removing-${this.#hoisted++}`, RENAME_NOREPLACE);
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
    }
  }
}

function openForRemoval(dirFd: number, name: Name): number {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  try {
    return openAt(dirFd, name, flags);
  } catch (error) {
    // Without root even an owner needs the permission bits to read a directory.
    if (errnoOf(error) !== 'EACCES') throw error;
  }
  chmodAt(dirFd, name, 0o700);
  return openAt(dirFd, name, flags);
}
