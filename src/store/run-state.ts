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

/**
 * Hashes a path to eight hex digits, which keep socket paths under the kernel's 107 bytes whatever the path is (FNV-1a,
 * 32 bits). Nothing relies on a stranger's path hashing otherwise; loading node:crypto takes longer than a listing does.
 */
function shortHash(path: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(path)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
