import { constants } from 'node:fs';
import { setPriority } from 'node:os';
import { emptyTrash, holdsTrash } from '../metadata/trash.ts';
import { AT_FDCWD } from '../sys/constants.ts';
import { tryLockFile, unlockFile } from '../sys/flock.ts';
import { openAt } from '../sys/fs-at.ts';

// A process of its own, see trash-process.ts; its argument is the trash folder.
// Behind all others, but not so far that it never comes to its turn on a busy machine.
const low = 10;

async function emptyAlone(directory: string): Promise<void> {
  const fd = openAt(AT_FDCWD, directory, constants.O_RDONLY | constants.O_DIRECTORY);
  // Whoever finds the lock taken leaves its files to the holder, who therefore looks again after giving it up.
  while (holdsTrash(directory) && tryLockFile(fd)) {
    await emptyTrash(directory);
    unlockFile(fd);
  }
}

setPriority(low);
emptyAlone(process.argv[2] ?? '').catch(() => {
  process.exitCode = 1;
});
