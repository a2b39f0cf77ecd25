import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../sys/errno.ts';
import type { StoreLayout } from './layout.ts';

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
  mkdirSync(unfinished);
  for (const name of ['.', ...directories]) {
    mkdirSync(join(unfinished, name), { recursive: true });
    // Whatever the umask.
    chmodSync(join(unfinished, name), 0o755);
  }
  for (const name of files) {
    writeFileSync(join(unfinished, name), '');
    chmodSync(join(unfinished, name), 0o644);
  }
  try {
    renameSync(unfinished, path);
  } catch (error) {
    // Somebody else was quicker.
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    rmSync(unfinished, { recursive: true });
  }
  return path;
}
