import { readSync } from 'node:fs';
import { copyFileData } from './copy.ts';
import { writeFully } from './fd-io.ts';
import type { FileStat } from './stat.ts';

// Up to here, a read and a write cost less than finding out how the kernel can copy and where the holes are.
const smallBytes = 256 * 1024;

/** Copies the data of one file after the other between the same two filesystems, by what has proved cheapest. */
export class FileData {
  readonly #checkpoint: () => void;
  readonly #buffer = Buffer.allocUnsafe(smallBytes + 1);
  /** Undefined until a file has been tried. */
  #canReflink: boolean | undefined;

  /**
   * `checkpoint` is called now and then while a large file is copied; what it throws ends that. `canReflink` is what
   * another of these has found out.
   */
  constructor(checkpoint: () => void, canReflink?: boolean) {
    this.#checkpoint = checkpoint;
    this.#canReflink = canReflink;
  }

  /** Whether the two filesystems share blocks; undefined until a file with content has been copied. */
  get canReflink(): boolean | undefined {
    return this.#canReflink;
  }

  /**
   * `to` is new and empty; `stat` is what `from` is now. A file that is being written to may come over torn. Answers the
   * content where it passed through here, good until the next file.
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
