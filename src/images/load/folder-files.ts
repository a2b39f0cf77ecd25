import { isKind } from '../../errors/index.ts';
import { closeFd } from '../../sys/fs-at.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { statFd } from '../../sys/stat.ts';
import type { ArchiveFile, ArchiveFiles } from './archive-files.ts';

/** The files of an unpacked archive. No link, and no concurrent change to one, opens a file outside the folder. */
export class FolderFiles implements ArchiveFiles {
  readonly #tree: RootedTree;
  readonly #open = new Map<string, number>();
  #isOpen = true;

  /** Throws what opening the folder throws. */
  constructor(folder: string) {
    this.#tree = RootedTree.open(folder);
  }

  find(name: string): ArchiveFile | undefined {
    let fd: number;
    try {
      fd = this.#tree.openFile(name);
    } catch (error) {
      if (isKind(error, 'not-found')) return undefined;
      throw error;
    }
    // Closed until it is read: a layout may hold more files than a process may have open.
    try {
      return new FolderFile(statFd(fd).size, () => this.#pathOf(name));
    } finally {
      closeFd(fd);
    }
  }

  closeRead(): void {
    for (const fd of this.#open.values()) closeFd(fd);
    this.#open.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.closeRead();
    this.#tree[Symbol.dispose]();
  }

  /** Returns a path through a descriptor, so that workers read the very file that was found inside. */
  #pathOf(name: string): string {
    const fd = this.#open.get(name) ?? this.#tree.openFile(name);
    this.#open.set(name, fd);
    return `/proc/self/fd/${fd}`;
  }
}

class FolderFile implements ArchiveFile {
  readonly sizeBytes: number;
  readonly #open: () => string;

  constructor(sizeBytes: number, open: () => string) {
    this.sizeBytes = sizeBytes;
    this.#open = open;
  }

  get path(): string {
    return this.#open();
  }
}
