import { libc } from './libc.ts';
import { MS_REC, MS_SLAVE, setPropagation } from './mount.ts';
import { explainRefusal } from './refusals.ts';
import { lastError } from './scratch.ts';

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;

/**
 * Gives the calling thread a mount namespace of its own, unshare(2), then `/` made a slave all the way down. What is
 * mounted in it stays in it, and goes with the thread and the children it has started, also by a kill. What the host mounts
 * and unmounts reaches it, so that it holds no filesystem that the host has let go of.
 *
 * A trap: it is the *thread* that moves. Its synchronous calls and the programs it starts see the new namespace;
 * `fs.promises`, streams and everything else that runs in libuv's threads stay behind, silently. So: in a worker that
 * makes synchronous calls only, or in a process that has done nothing asynchronous on files yet.
 */
export function unshareMounts(): void {
  if (libc().unshare(CLONE_NEWNS) < 0) throw explainRefusal(lastError('unshare'), 'a mount namespace cannot be made');
  setPropagation('/', MS_SLAVE | MS_REC);
}

/**
 * Gives the calling thread a umask of 0 of its own, so that modes come out as asked without a chmod after each create:
 * unshare(2) with CLONE_FS. For workers that make synchronous calls only, as with {@link unshareMounts}; the working
 * directory is the thread's own from then on too.
 */
export function unshareUmask(): void {
  if (libc().unshare(CLONE_FS) < 0) throw lastError('unshare');
  libc().umask(0);
}
