import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { output } from './needs.ts';
import { unmount } from './unmount.ts';

// Without dioread_lock, ext4 marks lost blocks as never written, and a second write to them is lost as well.
const options = 'loop,dioread_lock';

/** A disk that accepts more writes than it keeps, mounted until the test ends. */
export interface LosingDisk {
  readonly path: string;
  /** Lets the disk keep every write from here on. */
  mend(): void;
  /** Mounts the disk anew: only the bytes it kept remain. */
  startAgain(): void;
}

/**
 * Makes an ext4 in a loop file on a tmpfs too small for it: writes succeed, and are lost at write-back. Needs root,
 * loop devices and mkfs.ext4.
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
    // Another program's mount namespace may hold a copy of the ext4 mount, and so its file on this tmpfs.
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
