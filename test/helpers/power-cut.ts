import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { libc } from '../../src/sys/libc.ts';
import { output } from './needs.ts';
import { unmount } from './unmount.ts';

// FS_IOC_SHUTDOWN: the filesystem stops at once, as if the power went. With the log flushed first, metadata is newer
// than data: that is what makes files of the right name and no content (containerd#5854, moby#49784).
const FS_IOC_SHUTDOWN = 0x8004587d;

/** What of a filesystem is lost with the power. */
export const powerCuts: Readonly<Record<string, number>> = { 'log lost': 2, 'log flushed, data lost': 1 };

/** An ext4 in a file, whose power can be cut; needs root, loop devices, mkfs.ext4 and losetup. */
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

  /** From here on nothing reaches the disk, and whoever writes fails. */
  cut(flag: number): void {
    const fd = openSync(this.path, 'r');
    try {
      assert.equal(libc().ioctl(fd, FS_IOC_SHUTDOWN, new Uint32Array([flag])), 0);
    } finally {
      closeSync(fd);
    }
  }

  /** Nothing of the old superblock is met again: it would go on failing. */
  async startAgain(): Promise<void> {
    unmount(this.path);
    const inUse = (): boolean => output('losetup', '-j', this.#image) !== '';
    for (let i = 0; i < 30 && inUse(); i++) await sleep(100);
    if (inUse()) {
      // Some other program's mount namespace has it for as long as that lives; what reached the disk has by now.
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
