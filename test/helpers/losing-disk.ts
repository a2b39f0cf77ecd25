import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { output } from './needs.ts';
import { unmount } from './unmount.ts';

// Otherwise ext4 marks the blocks of what was lost as never written, and what is written there once more is lost with that.
const options = 'loop,dioread_lock';

/** A disk that takes more than it keeps, mounted until the test ends. */
export interface LosingDisk {
  readonly path: string;
  /** From here on nothing more gets lost. */
  mend(): void;
  /** From here on only what the disk kept is there. */
  startAgain(): void;
}

/**
 * A fresh ext4 in a loop file on a tmpfs too small for it: what is written is taken and gets lost when it is to be
 * written back. Needs root, loop devices and mkfs.ext4.
 */
export function mountLosingDisk(context: Pick<TestContext, 'after'>): LosingDisk {
  const folder = mkdtempSync(join(tmpdir(), 'strata-losing-'));
  const [small, path] = [join(folder, 'small'), join(folder, 'mounted')];
  mkdirSync(small);
  mkdirSync(path);
  output('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', small);
  const image = join(small, 'image');
  writeFileSync(image, '');
  truncateSync(image, 256 << 20);
  output(
    'mkfs.ext4',
    '-q',
    '-b',
    '4096',
    '-N',
    '4096',
    '-O',
    '^has_journal',
    '-E',
    'nodiscard,lazy_itable_init=0',
    image,
  );
  output('mount', '-o', options, image, path);
  context.after(() => {
    unmount(path);
    // Some other program's mount namespace may have a copy of the other, whose device is in here.
    output('umount', '--lazy', small);
    rmSync(folder, { recursive: true });
  });
  return {
    path,
    mend: () => output('mount', '-o', 'remount,size=80m', small),
    startAgain: () => {
      unmount(path);
      output('mount', '-o', options, image, path);
    },
  };
}
