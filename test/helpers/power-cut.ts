import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { libc } from '../../src/sys/libc.ts';
import { output } from './needs.ts';
import { unmount } from './unmount.ts';

// FS_IOC_SHUTDOWN stops a filesystem at once, like a power cut. With the log flushed first, metadata is newer than
// data: files have the right name and no content (containerd#5854, moby#49784).
const FS_IOC_SHUTDOWN = 0x8004587d;

/** Flags of the ioctl, by the part of a filesystem that is lost. */
export const powerCuts: Readonly<Record<string, number>> = { 'log lost': 2, 'log flushed, data lost': 1 };

/** An ext4 in a file, with a power cut on demand. Needs root, loop devices, mkfs.ext4 and losetup. */
export class PowerDisk implements Disposable {
  readonly path: string;
  readonly #folder: string;
  readonly #options: string;
  #image: string;

  constructor(megabytes = 256, mountOptions = 'defaults') {
    this.#options = `loop,${mountOptions}`;
    this.#folder = mkdtempSync(join(tmpdir(), 'strata-cut-'));
    this.#image = join(this.#folder, 'image');
    this.path = join(this.#folder, 'mounted');
    mkdirSync(this.path);
    writeFileSync(this.#image, '');
    truncateSync(this.#image, megabytes << 20);
    output('mkfs.ext4', '-q', '-F', this.#image);
    output('mount', '-o', this.#options, this.#image, this.path);
  }

  /** Cuts the power: nothing reaches the disk any more, and writes fail. */
  cut(flag: number): void {
    const fd = openSync(this.path, 'r');
    try {
      assert.equal(libc().ioctl(fd, FS_IOC_SHUTDOWN, new Uint32Array([flag])), 0);
    } finally {
      closeSync(fd);
    }
  }

  /** Mounts the disk anew, with a new superblock: the old one would go on failing. */
  async startAgain(): Promise<void> {
    unmount(this.path);
    const inUse = (): boolean => output('losetup', '-j', this.#image) !== '';
    for (let i = 0; i < 30 && inUse(); i++) await sleep(100);
    if (inUse()) {
      // Another program's mount namespace holds the device for its lifetime. Pending writes are in the file by now.
      const copy = `${this.#image}.again`;
      output('cp', '--sparse=always', this.#image, copy);
      this.#image = copy;
    }
    output('mount', '-o', this.#options, this.#image, this.path);
  }

  [Symbol.dispose](): void {
    unmount(this.path);
    rmSync(this.#folder, { recursive: true });
  }
}
