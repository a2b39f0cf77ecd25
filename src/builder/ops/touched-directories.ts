import { O_DIRECTORY, O_RDONLY } from '../../sys/constants.ts';
import { type FileTime, utimensFd } from '../../sys/file-attributes.ts';
import { closeFd } from '../../sys/fs-at.ts';
import type { RootedTree } from '../../sys/rooted-tree.ts';

/**
 * Directories that a step makes, or changes by what it makes in them. Their time would be that of the clock, and the layer
 * another one at every build: under SOURCE_DATE_EPOCH they get that time instead.
 */
export class TouchedDirectories {
  readonly #tree: RootedTree;
  readonly #time: FileTime;
  /** Without symlinks, one character a byte. */
  readonly #paths = new Set<string>();

  constructor(tree: RootedTree, time: FileTime) {
    this.#tree = tree;
    this.#time = time;
  }

  /** Notes a directory in which something is made or removed. */
  add(fd: number): void {
    this.#paths.add(this.#pathOf(fd));
  }

  /** Notes a new directory, and the one it stands in. */
  addNew(fd: number): void {
    const path = this.#pathOf(fd);
    this.#paths.add(path).add(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
  }

  /** Sets the times; nothing may be made or removed afterwards. */
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
