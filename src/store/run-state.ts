import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/**
 * Returns the folder for the run state of the store at `root`: below `/run` for root, below `XDG_RUNTIME_DIR` for
 * other users, and in the store itself where neither can be written (no login session, a user namespace, a read-only
 * `/run`). Creates nothing.
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

/**
 * Hashes a path to eight hex digits (FNV-1a, 32 bits), which keep socket paths under the kernel's 107 bytes for a root
 * of any length. No security depends on it; loading node:crypto for a stronger hash takes longer than `ps` does.
 */
function shortHash(path: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(path)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
