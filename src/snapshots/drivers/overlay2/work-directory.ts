import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError } from '../../../errors/index.ts';
import { bootId } from '../../../sys/boot-id.ts';

// A volatile snapshot, whose files need not survive the machine's stop, has the boot's ID in the name of its work
// directory, so that the mark is removed with the directory.
const durableName = 'work';
const volatilePrefix = 'work.';

/** Creates the directory that the kernel needs beside an upper. */
export function makeWorkDirectory(directory: string, volatile: boolean): void {
  mkdirSync(join(directory, volatile ? volatilePrefix + bootId() : durableName));
}

/** Returns the name of the work directory, undefined once a commit has removed it. */
export const workDirectoryName = (directory: string): string | undefined =>
  readdirSync(directory).find((name) => name === durableName || name.startsWith(volatilePrefix));

/**
 * Returns the work directory, ready for a mount, and whether to mount `volatile`. Throws ERR_SNAPSHOT_VOLATILE_LOST
 * when the machine was restarted since a volatile snapshot was created: the kernel may never have written its files.
 */
export function activateWorkDirectory(id: string, directory: string): { path: string; volatile: boolean } {
  // Absent when a commit was begun and not finished.
  const name = workDirectoryName(directory) ?? durableName;
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  if (name === durableName) return { path, volatile: false };
  if (name !== volatilePrefix + bootId()) {
    throw new StrataError({
      code: 'ERR_SNAPSHOT_VOLATILE_LOST',
      message: `snapshot ${id}: was to last until the machine stops, and it has been restarted since`,
      hint: 'Start again the work that used it.',
    });
  }
  // The kernel mounts a volatile upper only once, because it cannot rule out a crash in between. The boot ID does.
  rmSync(join(path, 'work/incompat'), { recursive: true, force: true });
  return { path, volatile: true };
}
