import { readSync } from 'node:fs';
import { copyFileData } from './copy.ts';
import { writeFully } from './fd-io.ts';
import type { FileStat } from './stat.ts';

// Up to this size, a read and a write cost less than finding the kernel's method and the holes.
const smallBytes = 256 * 1024;

/** Copies the data of many files between the same two filesystems, by the method that has proved cheapest. */
export class FileData {
  readonly #checkpoint: () => void;
  readonly #buffer = Buffer.allocUnsafe(smallBytes + 1);
  /** Undefined until a file has been tried. */
  #canReflink: boolean | undefined;

  /**
   * Calls `checkpoint` now and then while a large file is copied; an error thrown there ends the copy. `canReflink` may come
   * from another instance for the same filesystems.
   */
  constructor(checkpoint: () => void, canReflink?: boolean) {
    this.#checkpoint = checkpoint;
    this.#canReflink = canReflink;
  }

  /** True when the two filesystems can share blocks; undefined until a file with content has been copied. */
  get canReflink(): boolean | undefined {
    return this.#canReflink;
  }

  /**
   * Copies `from`, whose current state is `stat`, to `to`, which is new and empty. The copy of a file that is being written to
   * may be torn. Returns the content when it passed through this buffer, valid until the next file; undefined otherwise.
   */
  copy(from: number, to: number, stat: FileStat): Uint8Array | undefined {
    const { size, blocks } = stat;
    if (size === 0) return undefined;
    const hasHoles = blocks * 512 < size;
    if (this.#canReflink === false && size <= smallBytes && !hasHoles) {
      const length = readSync(from, this.#buffer, 0, size, 0);
      const content = this.#buffer.subarray(0, length);
      writeFully(to, content);
      return content;
    }
    const method = copyFileData(from, to, { checkpoint: this.#checkpoint });
    this.#canReflink ??= method === 'reflink';
    return undefined;
  }
}
