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

/** Returns the path of the {@link SpaceReserve} for the database at `path`. */
export const reservePathOf = (path: string): string => `${path.replace(/\.db$/, '')}.reserve`;

/**
 * A file of zeros that is given up when the disk is full, so that a removal always has the few pages in which it is
 * recorded (moby#10613, containerd#10548: a full disk could not even be cleaned up).
 */
export class SpaceReserve {
  readonly #path: string;
  #isSpent = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Fills the reserve up when the disk has plenty of space. Idempotent. Throws the errors of {@link diskFailure}. */
  ensure(): void {
    const sizeBytes = this.#sizeBytes() ?? 0;
    if (sizeBytes < reserveBytes && !this.#fillUp(sizeBytes)) return;
    this.#isSpent = false;
  }

  /** Calls {@link ensure} after this process used the reserve. Ignores a failure, because the work itself is done. */
  restore(): void {
    if (!this.#isSpent) return;
    try {
      this.ensure();
    } catch {
      // The next process that opens the store for writing reports it.
    }
  }

  /** True when this process has used a part of the reserve and not filled it up again. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /**
   * Runs `body`, and again with more space while it throws ERR_STORE_FULL. Space comes first from `freeSpace`, then
   * from parts of the reserve, after each of which `freeSpace` is called again. It returns true when it freed some.
   */
  runWithReserve<T>(body: () => T, freeSpace: () => boolean = () => false): T {
    let hasFreed = false;
    for (;;) {
      try {
        return body();
      } catch (error) {
        if (!isStrataError(error, 'ERR_STORE_FULL')) throw error;
        if (!hasFreed && freeSpace()) hasFreed = true;
        else if (this.#release()) hasFreed = freeSpace();
        else throw error;
      }
    }
  }

  /** Writes the missing bytes after the first `sizeBytes`; returns false where the disk has no space for them. */
  #fillUp(sizeBytes: number): boolean {
    const { bavail, bsize } = statfsSync(dirname(this.#path));
    if (bavail * bsize < 2 * reserveBytes) return false;
    let fd: number | undefined;
    try {
      fd = openSync(this.#path, 'a', 0o600);
      // Real bytes: a hole would reserve nothing.
      for (let size = sizeBytes; size < reserveBytes; ) size += writeSync(fd, Buffer.alloc(reserveBytes - size));
      fsyncSync(fd);
      return true;
    } catch (error) {
      if (fd !== undefined) ftruncateSync(fd, sizeBytes);
      if (!isDiskFull(error)) throw diskFailure(error, this.#path);
      return false;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Gives half of the reserve back, so that some is left for another emergency. Returns false when none is left. */
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
