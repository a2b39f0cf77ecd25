import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { diskFailure, isDiskFull } from '../content/disk-failure.ts';

const reserveBytes = 4 << 20;

/**
 * A file of nothing that is given up when the disk is full, so that removing things always has the few pages it needs to
 * write down what was removed (moby#10613, containerd#10548: a full disk could not even be cleaned up).
 */
export class SpaceReserve {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Sets the space aside when there is enough left. Idempotent. */
  ensure(): void {
    if (statSync(this.#path, { throwIfNoEntry: false })?.size === reserveBytes) return;
    try {
      const fd = openSync(this.#path, 'w', 0o600);
      try {
        // Written out: a hole would reserve nothing.
        for (let done = 0; done < reserveBytes; ) done += writeSync(fd, Buffer.alloc(reserveBytes - done));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      this.release();
      if (!isDiskFull(error)) throw diskFailure(error, this.#path);
    }
  }

  /** Gives the space back. Answers whether there was any. */
  release(): boolean {
    if (statSync(this.#path, { throwIfNoEntry: false }) === undefined) return false;
    rmSync(this.#path, { force: true });
    return true;
  }
}
