import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreLayout } from '../../store/layout.ts';
import { errnoOf } from '../../sys/errno.ts';

const directories = ['dev', 'etc', 'proc', 'sys'];
const files = ['etc/hostname', 'etc/hosts', 'etc/resolv.conf'];

/**
 * A directory with nothing in it but what containers mount over, made at the first call. It is never written to, and lies
 * on the snapshots' filesystem: layers of two would show files with another device number than their directories.
 */
export function mountPointsIn({ root }: StoreLayout): string {
  const path = join(root, 'mount-points');
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return path;
  const unfinished = `${path}.${process.pid}`;
  try {
    make(unfinished);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Somebody else was quicker.
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  }
  return path;
}

function make(root: string): void {
  // What a process of the same number was killed over.
  rmSync(root, { recursive: true, force: true });
  for (const name of ['.', ...directories]) {
    mkdirSync(join(root, name), { recursive: true });
    // Whatever the umask.
    chmodSync(join(root, name), 0o755);
  }
  for (const name of files) {
    writeFileSync(join(root, name), '');
    chmodSync(join(root, name), 0o644);
  }
}
