import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH } from './constants.ts';
import { closeFd, openAt } from './fs-at.ts';
import { libc } from './libc.ts';
import { MS_REC, MS_SLAVE, setPropagation } from './mount.ts';
import { explainRefusal } from './refusals.ts';
import { lastError } from './scratch.ts';

const CLONE_NEWNS = 0x20000;

/**
 * Runs `body`, which makes synchronous calls only, with the calling thread in a mount namespace of its own, and comes
 * back. The namespace lives on with the programs that `body` has started, and with it what was mounted: when the last of
 * them is gone, however it went, the mounts are. Mounts and unmounts of the host still reach it (slave), so that it holds
 * no filesystem that the host has let go of; nothing goes the other way.
 *
 * From then on the thread has a working directory of its own: `process.chdir` no longer moves libuv's threads. So: in a
 * worker, or in a program that never changes it.
 */
export function inOwnMountNamespace<Result>(body: () => Result): Result {
  const home = openAt(AT_FDCWD, '/proc/thread-self/ns/mnt', O_CLOEXEC);
  const directory = openAt(AT_FDCWD, '.', O_PATH | O_DIRECTORY);
  try {
    refuseWithoutReturn(home);
    if (libc().unshare(CLONE_NEWNS) < 0) throw explainRefusal(lastError('unshare'), 'a mount namespace cannot be made');
    try {
      setPropagation('/', MS_SLAVE | MS_REC);
      return body();
    } finally {
      goHome(home, directory);
    }
  } finally {
    closeFd(home);
    closeFd(directory);
  }
}

/**
 * A user namespace may have been made without a mount namespace (`unshare -Ur`): the thread could leave the host's, and
 * never come back. EINVAL means that it could, once it is alone in its filesystem context.
 */
function refuseWithoutReturn(namespace: number): void {
  if (libc().setns(namespace, CLONE_NEWNS) === 0) return;
  const failure = lastError('setns');
  if (failure.errnoName !== 'EINVAL') throw explainRefusal(failure, 'a mount namespace cannot be made');
}

function goHome(namespace: number, directory: number): void {
  if (libc().setns(namespace, CLONE_NEWNS) < 0) throw lastError('setns');
  // Entering a mount namespace puts a thread at its root.
  if (libc().fchdir(directory) < 0) throw lastError('fchdir');
}
