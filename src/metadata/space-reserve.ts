import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { diskFailure, isDiskFull } from '../content/disk-failure.ts';
import { isStrataError } from '../errors/index.ts';

const reserveBytes = 4 << 20;
const smallestBytes = 256 << 10;

/** The file of the {@link SpaceReserve} for the database at `path`. */
export const reserveOf = (path: string): string => `${path.replace(/\.db$/, '')}.reserve`;

/**
 * A file of nothing that is given up when the disk is full, so that removing things always has the few pages it needs to
 * write down what was removed (moby#10613, containerd#10548: a full disk could not even be cleaned up).
 */
export class SpaceReserve {
  readonly #path: string;
  #isSpent = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Sets the space aside, or what is missing of it, when there is plenty. Idempotent. */
  ensure(): void {
    const standing = this.#sizeBytes() ?? 0;
    if (standing < reserveBytes && !this.#setAside(standing)) return;
    this.#isSpent = false;
  }

  /** Calls {@link ensure} when some was given up. A failure is ignored: the work before it is done all the same. */
  restore(): void {
    if (!this.#isSpent) return;
    try {
      this.ensure();
    } catch {
      // The next one that opens the store for writing is told.
    }
  }

  /** True when this process has given some up, and not set it aside again yet. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /**
   * Runs `body`, and again with more room while it fails for want of space: first with what `findRoom` finds, then with
   * parts of what was set aside, and what is found with their help. `findRoom` returns whether it found some.
   */
  useFor<T>(body: () => T, findRoom: () => boolean = () => false): T {
    let hasLooked = false;
    for (;;) {
      try {
        return body();
      } catch (error) {
        if (!isStrataError(error, 'ERR_STORE_FULL')) throw error;
        if (!hasLooked && findRoom()) hasLooked = true;
        else if (this.#release()) hasLooked = findRoom();
        else throw error;
      }
    }
  }

  /** Writes what is missing; false where there is no room for it. */
  #setAside(standing: number): boolean {
    const { bavail, bsize } = statfsSync(dirname(this.#path));
    if (bavail * bsize < 2 * reserveBytes) return false;
    let fd: number | undefined;
    try {
      fd = openSync(this.#path, 'a', 0o600);
      // Written out: a hole would reserve nothing.
      for (let size = standing; size < reserveBytes; ) size += writeSync(fd, Buffer.alloc(reserveBytes - size));
      fsyncSync(fd);
      return true;
    } catch (error) {
      if (fd !== undefined) ftruncateSync(fd, standing);
      // No inode is left either, or there is no room.
      if (!isDiskFull(error)) throw diskFailure(error, this.#path);
      return false;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Gives half of what is left back, so that more than one emergency is provided for. Returns whether there was any. */
  #release(): boolean {
    const left = this.#sizeBytes();
    if (left === undefined) return false;
    this.#isSpent = true;
    if (left > smallestBytes) truncateSync(this.#path, left >> 1);
    else rmSync(this.#path, { force: true });
    return true;
  }

  #sizeBytes(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.size;
  }
}
