import { StrataError } from '../errors/index.ts';
import { cleanPath } from '../lib/clean-path.ts';

// Paths that lead to files of whoever opens them; a runtime that changes into one before it closed its own descriptors
// lets the container out (CVE-2024-21626).
const magic = /^\/(proc\/(self|thread-self|\d+)|dev\/fd)(\/|$)/;

/**
 * The working directory of a process in its plain form, as docker has it: `/a/../b` is `/b`, an empty one is `/`.
 * @throws ERR_WORKING_DIRECTORY_INVALID when it is relative, or reaches into a process
 */
export function resolveWorkingDirectory(path: string): string {
  if (path !== '' && !path.startsWith('/')) {
    throw new StrataError({
      code: 'ERR_WORKING_DIRECTORY_INVALID',
      message: `the working directory '${path.slice(0, 200)}' is invalid, it needs to be an absolute path`,
    });
  }
  // What climbs is taken back before anything is looked at: neither the runtime nor a symlink of the image gets to see it.
  const plain = cleanPath(`/${path}`);
  if (!path.includes('\0') && path.length < 4096 && !magic.test(plain)) return plain;
  throw new StrataError({
    code: 'ERR_WORKING_DIRECTORY_INVALID',
    message: `working directory ${JSON.stringify(path.slice(0, 200))}: not a plain absolute path in the container`,
    hint: 'Give an absolute path, and not one of /proc or /dev/fd.',
  });
}
