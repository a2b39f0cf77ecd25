import { closeFd } from './fs-at.ts';

const capacity = 256;

/** Cache of open directories by their path. The least recently used ones are closed. */
export class DirectoryCache {
  readonly #fds = new Map<string, number>();
  // Archives list files directory by directory, so most lookups repeat the previous one and need no string.
  readonly #lastPath = new Uint8Array(4096);
  #lastLength = -1;
  #lastFd = -1;

  /** Returns the descriptor for the first `length` bytes of `path`; undefined when it is not cached. */
  find(path: Uint8Array, length: number): number | undefined {
    if (this.#isLast(path, length)) return this.#lastFd;
    const key = keyOf(path, length);
    const fd = this.#fds.get(key);
    if (fd === undefined) return undefined;
    this.#fds.delete(key);
    this.#fds.set(key, fd);
    this.#remember(path, length, fd);
    return fd;
  }

  /** Takes ownership of `fd` and returns it. */
  add(path: Uint8Array, fd: number): number {
    this.#fds.set(keyOf(path, path.length), fd);
    this.#remember(path, path.length, fd);
    if (this.#fds.size > capacity) {
      const [oldest] = this.#fds;
      if (oldest) {
        this.#fds.delete(oldest[0]);
        closeFd(oldest[1]);
      }
    }
    return fd;
  }

  clear(): void {
    for (const fd of this.#fds.values()) closeFd(fd);
    this.#fds.clear();
    this.#lastLength = -1;
  }

  #isLast(path: Uint8Array, length: number): boolean {
    if (length !== this.#lastLength) return false;
    // Compared from the end, where paths differ most.
    for (let i = length - 1; i >= 0; i--) if (path[i] !== this.#lastPath[i]) return false;
    return true;
  }

  #remember(path: Uint8Array, length: number, fd: number): void {
    this.#lastPath.set(length === path.length ? path : path.subarray(0, length));
    this.#lastLength = length;
    this.#lastFd = fd;
  }
}

const keyOf = (path: Uint8Array, length: number): string =>
  Buffer.from(path.buffer, path.byteOffset, length).toString('latin1');
