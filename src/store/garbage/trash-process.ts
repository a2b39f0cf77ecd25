import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { errnoOf } from '../../sys/errno.ts';
import { keepInherited } from '../../sys/inherited-descriptors.ts';
import { workerUrl } from '../../sys/worker/worker-url.ts';

/**
 * Has a trash folder emptied by a process of its own, of low priority, which outlives the command that took something
 * away. When it cannot be started, or is killed, the trash is left to whoever comes next.
 */
export function emptyTrashBehind(directory: string): void {
  // Its folder is not ours, so that it keeps no filesystem busy but the store's; it has none of our pipes.
  const worker = fileURLToPath(workerUrl('trash-worker', import.meta.url));
  keepInherited();
  try {
    const child = spawn(process.execPath, [worker, directory], { cwd: '/', detached: true, env: {}, stdio: 'ignore' });
    child.on('error', () => undefined);
    child.unref();
  } catch (error) {
    // Of what a system call refuses Node throws some at once, such as ENOMEM.
    if (errnoOf(error) === undefined) throw error;
  }
}
