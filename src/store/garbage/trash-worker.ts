import { constants } from 'node:fs';
import { setPriority } from 'node:os';
import { emptyTrash, namesInTrash } from '../../metadata/trash.ts';
import { AT_FDCWD } from '../../sys/constants.ts';
import { tryLockFile, unlockFile } from '../../sys/flock.ts';
import { openAt } from '../../sys/fs-at.ts';

// A process of its own, see trash-process.ts; its argument is the trash folder.
// Behind all others, but not so far that it never comes to its turn on a busy machine.
const low = 10;
// Others that empty it get in our way at times; what stays through this many rounds cannot be deleted.
const fruitlessRounds = 5;

async function emptyAlone(directory: string): Promise<void> {
  const fd = openAt(AT_FDCWD, directory, constants.O_RDONLY | constants.O_DIRECTORY);
  // Whoever finds the lock taken leaves its files to the holder, who therefore looks again after giving it up.
  let before = '';
  for (let fruitless = 0; fruitless < fruitlessRounds; ) {
    const names = namesInTrash(directory).sort().join('/');
    if (names === '' || !tryLockFile(fd)) return;
    await emptyTrash(directory);
    unlockFile(fd);
    fruitless = names === before ? fruitless + 1 : 0;
    before = names;
  }
}

setPriority(low);
emptyAlone(process.argv[2] ?? '').catch(() => {
  process.exitCode = 1;
});
