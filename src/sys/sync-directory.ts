import { closeSync, constants, fsync, openSync } from 'node:fs';

/** Flushes a directory, fsync(2): its names and attributes are on the disk when this resolves. */
export async function syncDirectory(path: string): Promise<void> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await new Promise<void>((resolve, reject) => {
      fsync(fd, (error) => (error === null ? resolve() : reject(error)));
    });
  } finally {
    closeSync(fd);
  }
}
