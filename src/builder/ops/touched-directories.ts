import { O_DIRECTORY, O_RDONLY } from '../../sys/constants.ts';
import { type FileTime, utimensFd } from '../../sys/file-attributes.ts';
import { closeFd } from '../../sys/fs-at.ts';
import type { RootedTree } from '../../sys/rooted-tree.ts';

/**
 * Directories that a step creates, or in which it creates something. Under SOURCE_DATE_EPOCH they get that time: with
 * the clock's, the layer would be another one at every build.
 */
export class TouchedDirectories {
  readonly #tree: RootedTree;
  readonly #time: FileTime;
  /** Paths without symlinks, one character a byte. */
  readonly #paths = new Set<string>();

  constructor(tree: RootedTree, time: FileTime) {
    this.#tree = tree;
    this.#time = time;
  }

  /** Records a directory in which something is created or removed. */
  add(fd: number): void {
    this.#paths.add(this.#pathOf(fd));
  }

  /** Records a new directory and its parent. */
  addNew(fd: number): void {
    const path = this.#pathOf(fd);
    this.#paths.add(path).add(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
  }

  /** Sets the times; nothing may be created or removed afterwards. */
  finish(): void {
    for (const path of this.#paths) {
      const fd = this.#tree.open(Buffer.from(path, 'latin1'), O_RDONLY | O_DIRECTORY);
      try {
        utimensFd(fd, this.#time, this.#time);
      } finally {
        closeFd(fd);
      }
    }
    this.#paths.clear();
  }

  #pathOf(fd: number): string {
    return Buffer.from(this.#tree.pathOf(fd)).toString('latin1');
  }
}
