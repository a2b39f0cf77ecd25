import { fstatSync, statSync } from 'node:fs';

/** Whether the open file is the one that has this name now: one whose lock was waited for may have lost it. */
export function isFileAt(path: string, fd: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(fd);
  return named?.ino === ino && named.dev === dev;
}
