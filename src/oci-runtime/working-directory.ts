import { StrataError } from '../errors/index.ts';
import { cleanPath } from '../lib/clean-path.ts';

// Paths that lead to files of the process that opens them. A runtime that changes into one before it has closed its own
// descriptors exposes the host to the container (CVE-2024-21626).
const magic = /^\/(proc\/(self|thread-self|\d+)|dev\/fd)(\/|$)/;

/**
 * Returns the normalized working directory of a process, as docker has it: `/a/../b` becomes `/b`, an empty one `/`.
 * @throws ERR_WORKING_DIRECTORY_INVALID when it is relative, or reaches into a process
 */
export function resolveWorkingDirectory(path: string): string {
  if (path !== '' && !path.startsWith('/')) {
    throw new StrataError({
      code: 'ERR_WORKING_DIRECTORY_INVALID',
      message: `the working directory '${path.slice(0, 200)}' is invalid, it needs to be an absolute path`,
      hint: 'Give an absolute path in the container, such as /srv.',
    });
  }
  // `..` is resolved before any path is looked up: neither the runtime nor a symlink of the image sees it.
  const plain = cleanPath(`/${path}`);
  if (!path.includes('\0') && path.length < 4096 && !magic.test(plain)) return plain;
  throw new StrataError({
    code: 'ERR_WORKING_DIRECTORY_INVALID',
    message: `working directory ${JSON.stringify(path.slice(0, 200))}: not a plain absolute path in the container`,
    hint: 'Give an absolute path, and not one of /proc or /dev/fd.',
  });
}
