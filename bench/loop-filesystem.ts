import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new journaled ext4 in a sparse file. Disposal also unmounts everything inside. */
export class LoopFilesystem implements Disposable {
  readonly folder: string;
  readonly #scratch: string;

  constructor(size: string) {
    this.#scratch = mkdtempSync(join(tmpdir(), 'strata-bench-'));
    this.folder = join(this.#scratch, 'mnt');
    try {
      const image = join(this.#scratch, 'ext4.img');
      mkdirSync(this.folder);
      execFileSync('truncate', ['--size', size, image]);
      // Without these options the kernel still initialises tables while the first contenders run.
      execFileSync('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
      execFileSync('mount', ['-o', 'loop', image, this.folder]);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const mountPoint of mountsUnder(this.#scratch).reverse()) {
      execFileSync('umount', ['--lazy', mountPoint], { stdio: ['ignore', 'ignore', 'inherit'] });
    }
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}

/** Returns mount points in the order of mounting. */
function mountsUnder(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mountPoint) => mountPoint.startsWith(`${folder}/`));
}
