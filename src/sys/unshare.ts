import { libc } from './libc.ts';
import { MS_REC, MS_SLAVE, setPropagation } from './mount.ts';
import { explainRefusal } from './refusals.ts';
import { lastError } from './scratch.ts';

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;

/**
 * Moves the calling thread into a new mount namespace, unshare(2), and makes `/` a slave recursively. Its mounts do not reach the
 * host, and end with the thread and the programs it started, also by a kill. Mounts and unmounts of the host reach it, so that
 * it holds no filesystem that the host has unmounted.
 *
 * A trap: only the *thread* moves. Its synchronous calls and the programs it starts see the new namespace; `fs.promises`, streams
 * and everything else in libuv's threads silently stay in the old one. So call it in a worker that makes synchronous calls only,
 * or in a process that has not used files asynchronously yet.
 */
export function unshareMounts(): void {
  if (libc().unshare(CLONE_NEWNS) < 0) throw explainRefusal(lastError('unshare'), 'a mount namespace cannot be made');
  setPropagation('/', MS_SLAVE | MS_REC);
}

/**
 * Gives only the calling thread a umask of 0, unshare(2) with CLONE_FS, so that new files get the requested mode without a chmod.
 * For workers that make synchronous calls only, as with {@link unshareMounts}. From then on the thread also has its own working
 * directory.
 */
export function unshareUmask(): void {
  if (libc().unshare(CLONE_FS) < 0) throw lastError('unshare');
  libc().umask(0);
}
