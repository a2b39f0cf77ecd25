import { StrataError } from '../errors/index.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../sys/constants.ts';
import { closeFd, openAt } from '../sys/fs-at.ts';
import { type FileStat, statFd } from '../sys/stat.ts';

/** For directories that are read, whatever lies in their place is not followed. */
export const directoryFlags: number = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

// A tree from an archive can be deeper than a process may have files open.
const openAtMost = 64;

/**
 * The directories from a tree's root down to where a walk is, by descriptor. Only the deepest stay open; one further up
 * is opened again through `..` and must be the inode it was.
 */
export class DirectoryStack {
  readonly #levels: { fd: number; readonly inode: FileStat }[] = [];

  get depth(): number {
    return this.#levels.length;
  }

  /** The deepest directory's descriptor; -1 when there is none. */
  get top(): number {
    return this.#levels.at(-1)?.fd ?? -1;
  }

  /** Takes over the descriptor of a directory inside the present top. */
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
        hint: 'Try again when nothing changes it.',
      });
    } finally {
      close(left);
    }
  }

  /** Closes all. */
  [Symbol.dispose](): void {
    for (const level of this.#levels.splice(0)) close(level);
  }
}

function close(level: { fd: number }): void {
  if (level.fd >= 0) closeFd(level.fd);
  level.fd = -1;
}
