import { accessSync, constants } from 'node:fs';
import { StrataError } from '../errors/index.ts';

// Fixed, not $PATH: what the environment names may be somebody else's, and we often run as root.
const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/** Absolute path of a program of the host, undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => `${folder}/${name}`).find(isExecutable);
}

/** {@link findProgram} for a program we cannot do without: throws `ERR_PROGRAM_MISSING`, naming the Debian package. */
export function requireProgram(name: string, debianPackage: string): string {
  const found = findProgram(name);
  if (found !== undefined) return found;
  throw new StrataError({
    code: 'ERR_PROGRAM_MISSING',
    message: `program ${name}: not installed`,
    hint: `Install it, on Debian with \`apt-get install ${debianPackage}\`.`,
  });
}

/** Whether this process may run the file at `path`. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
