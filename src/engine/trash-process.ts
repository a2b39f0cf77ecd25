import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { workerUrl } from '../sys/worker-url.ts';

/**
 * Has a trash folder emptied by a process of its own, of low priority, which outlives the command that took something
 * away. When it cannot be started, or is killed, the trash is left to whoever comes next.
 */
export function emptyTrashBehind(directory: string): void {
  // Its folder is not ours, so that it keeps no filesystem busy but the store's; it has none of our pipes.
  const child = spawn(process.execPath, [fileURLToPath(workerUrl('trash-worker', import.meta.url)), directory], {
    cwd: '/',
    detached: true,
    env: {},
    stdio: 'ignore',
  });
  child.on('error', () => undefined);
  child.unref();
}
