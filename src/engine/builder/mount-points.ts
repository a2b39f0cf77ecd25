import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreLayout } from '../../store/layout.ts';
import { errnoOf } from '../../sys/errno.ts';

const directories = ['dev', 'etc', 'proc', 'sys'];
const files = ['etc/hostname', 'etc/hosts', 'etc/resolv.conf'];

/**
 * Returns a directory that holds only the paths containers mount over, created at the first call. It is never written to.
 * It is on the filesystem of the snapshots: with layers of two filesystems, overlayfs shows files with another device number
 * than their directories.
 */
export function ensureMountPoints({ root }: StoreLayout): string {
  const path = join(root, 'mount-points');
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return path;
  const unfinished = `${path}.${process.pid}`;
  try {
    create(unfinished);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process was faster.
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  }
  return path;
}

function create(root: string): void {
  // Left by a killed process of the same pid.
  rmSync(root, { recursive: true, force: true });
  for (const name of ['.', ...directories]) {
    mkdirSync(join(root, name), { recursive: true });
    // Regardless of the umask.
    chmodSync(join(root, name), 0o755);
  }
  for (const name of files) {
    writeFileSync(join(root, name), '');
    chmodSync(join(root, name), 0o644);
  }
}
