import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/**
 * Returns the folder for the run state of the store at `root`: below `/run` for root, below `XDG_RUNTIME_DIR` for
 * other users, and in the store itself where neither can be written (no login session, a user namespace, a read-only
 * `/run`). Makes nothing.
 */
export function chooseRunState(root: string, environment: NodeJS.ProcessEnv): string {
  const session = environment['XDG_RUNTIME_DIR'];
  for (const folder of ['/run', session ?? ''])
    if (isAbsolute(folder) && isWritable(folder)) return join(folder, 'strata', shortHash(root));
  return join(root, 'run');
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Eight hex digits keep socket paths under the kernel's 107 bytes whatever the root's path is.
const shortHash = (root: string): string => createHash('sha256').update(root).digest('hex').slice(0, 8);
