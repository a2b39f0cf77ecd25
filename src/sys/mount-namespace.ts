import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH } from './constants.ts';
import { closeFd, openAt } from './fs-at.ts';
import { libc } from './libc.ts';
import { MS_REC, MS_SLAVE, setPropagation } from './mount.ts';
import { explainRefusal } from './refusals.ts';
import { lastError } from './scratch.ts';

const CLONE_NEWNS = 0x20000;

/**
 * Runs `body`, which must make synchronous calls only, with the calling thread in a new mount namespace, and then returns to the
 * old one. The new namespace and its mounts exist until the last program started by `body` has ended, however it ended. Mounts
 * and unmounts of the host reach it (slave), so that it holds no filesystem that the host has unmounted; its own do not reach
 * the host.
 *
 * Afterwards the thread has its own working directory: `process.chdir` no longer moves libuv's threads. Use it in a worker, or
 * in a program that never changes its working directory.
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
      returnTo(home, directory);
    }
  } finally {
    closeFd(home);
    closeFd(directory);
  }
}

/**
 * Throws when the thread could not return. In a user namespace without its own mount namespace (`unshare -Ur`) it may leave the
 * host's mount namespace but never enter it again. EINVAL means that it may return, once it shares its filesystem context with
 * no other thread.
 */
function refuseWithoutReturn(namespace: number): void {
  if (libc().setns(namespace, CLONE_NEWNS) === 0) return;
  const failure = lastError('setns');
  if (failure.errnoName !== 'EINVAL') throw explainRefusal(failure, 'a mount namespace cannot be made');
}

function returnTo(namespace: number, directory: number): void {
  if (libc().setns(namespace, CLONE_NEWNS) < 0) throw lastError('setns');
  // Entering a mount namespace puts a thread at its root.
  if (libc().fchdir(directory) < 0) throw lastError('fchdir');
}
