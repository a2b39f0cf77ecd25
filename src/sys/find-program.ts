import { accessSync, constants } from 'node:fs';
import { StrataError } from '../errors/index.ts';

// Fixed instead of $PATH: we often run as root, and the environment may name directories of another user.
const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/** Returns the absolute path of a program of the host; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => `${folder}/${name}`).find(isExecutable);
}

/**
 * Returns the absolute path of a program that is needed.
 * @throws ERR_PROGRAM_MISSING, whose hint names the Debian package
 */
export function requireProgram(name: string, debianPackage: string): string {
  const found = findProgram(name);
  if (found !== undefined) return found;
  throw new StrataError({
    code: 'ERR_PROGRAM_MISSING',
    message: `program ${name}: not installed`,
    hint: `Install it, on Debian with \`apt-get install ${debianPackage}\`.`,
  });
}

/** True when this process may execute the file at `path`. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
