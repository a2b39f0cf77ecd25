import { StrataError } from '../errors/index.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../sys/constants.ts';
import { closeFd, openAt } from '../sys/fs-at.ts';
import { type FileStat, statFd } from '../sys/stat.ts';

/** Flags for opening a directory without following a symlink in its place. */
export const directoryFlags: number = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

// A tree from an archive can be deeper than the number of files that a process may open.
const openAtMost = 64;

/**
 * Descriptors of the directories from a tree's root down to the current position of a walk. Only the deepest stay open;
 * one further up is opened again through `..` and must be the same inode.
 */
export class DirectoryStack {
  readonly #levels: { fd: number; readonly inode: FileStat }[] = [];

  get depth(): number {
    return this.#levels.length;
  }

  /** Descriptor of the deepest directory; -1 when there is none. */
  get top(): number {
    return this.#levels.at(-1)?.fd ?? -1;
  }

  /** Adds a directory inside the current top, and takes over its descriptor. */
  push(fd: number): void {
    this.#levels.push({ fd, inode: statFd(fd) });
    const farAway = this.#levels.at(-1 - openAtMost);
    if (farAway) close(farAway);
  }

  /** Goes up one directory. Throws ERR_TREE_CHANGED when the directory was moved elsewhere meanwhile. */
  pop(): void {
    const left = this.#levels.pop();
    if (!left) return;
    try {
      const top = this.#levels.at(-1);
      if (!top || top.fd >= 0) return;
      top.fd = openAt(left.fd, '..', directoryFlags);
      if (statFd(top.fd).isSameInode(top.inode)) return;
      throw new StrataError({
        code: 'ERR_TREE_CHANGED',
        message: 'tree: a directory was moved away while it was being read',
        hint: 'Try again when no process changes it.',
      });
    } finally {
      close(left);
    }
  }

  /** Closes all descriptors. */
  [Symbol.dispose](): void {
    for (const level of this.#levels.splice(0)) close(level);
  }
}

function close(level: { fd: number }): void {
  if (level.fd >= 0) closeFd(level.fd);
  level.fd = -1;
}
