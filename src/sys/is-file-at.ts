import { fstatSync, statSync } from 'node:fs';

/** True when `path` still names the open file. A file whose lock was awaited may have been removed or replaced meanwhile. */
export function isFileAt(path: string, fd: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(fd);
  return named?.ino === ino && named.dev === dev;
}
