import { isKind } from '../../errors/index.ts';
import { closeFd } from '../../sys/fs-at.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { statFd } from '../../sys/stat.ts';
import type { ArchiveFile, ArchiveFiles } from './archive-files.ts';

/** The files of an unpacked archive. Whatever its links say, and whoever changes them meanwhile, nothing outside is opened. */
export class FolderFiles implements ArchiveFiles {
  readonly #tree: RootedTree;
  readonly #open = new Map<string, ArchiveFile & { readonly fd: number }>();

  #isOpen = true;

  /** Throws what opening the folder throws. */
  constructor(folder: string) {
    this.#tree = RootedTree.open(folder);
  }

  find(name: string): ArchiveFile | undefined {
    const known = this.#open.get(name);
    if (known) return known;
    try {
      const fd = this.#tree.openFile(name);
      // Through the descriptor, so that workers read the very file that was found inside.
      const file = { fd, path: `/proc/self/fd/${fd}`, sizeBytes: statFd(fd).size };
      this.#open.set(name, file);
      return file;
    } catch (error) {
      if (isKind(error, 'not-found')) return undefined;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const { fd } of this.#open.values()) closeFd(fd);
    this.#tree[Symbol.dispose]();
  }
}
