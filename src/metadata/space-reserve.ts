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

  constructor(path: string) {
    this.#path = path;
  }

  /** Sets the space aside, or what is missing of it, when there is plenty. Idempotent. */
  ensure(): void {
    const standing = this.#sizeBytes() ?? 0;
    if (standing >= reserveBytes) return;
    const { bavail, bsize } = statfsSync(dirname(this.#path));
    if (bavail * bsize < 2 * reserveBytes) return;
    const fd = openSync(this.#path, 'a', 0o600);
    try {
      // Written out: a hole would reserve nothing.
      for (let size = standing; size < reserveBytes; ) size += writeSync(fd, Buffer.alloc(reserveBytes - size));
      fsyncSync(fd);
    } catch (error) {
      ftruncateSync(fd, standing);
      if (!isDiskFull(error)) throw diskFailure(error, this.#path);
    } finally {
      closeSync(fd);
    }
  }

  /** Returns whether some was given up, and not set aside again yet. */
  get isSpent(): boolean {
    return (this.#sizeBytes() ?? 0) < reserveBytes;
  }

  /**
   * Runs `body`, and again with more room while it fails for want of space: with what `findRoom` finds, once before each
   * part that was set aside is given up and once behind it. Whether it found some is what `findRoom` returns.
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

  /** Gives half of what is left back, so that more than one emergency is provided for. Returns whether there was any. */
  #release(): boolean {
    const left = this.#sizeBytes();
    if (left === undefined) return false;
    if (left > smallestBytes) truncateSync(this.#path, left >> 1);
    else rmSync(this.#path, { force: true });
    return true;
  }

  #sizeBytes(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.size;
  }
}
