import { accessSync, constants, fstatSync, readFileSync } from 'node:fs';

const descriptor = '/proc/self/fd/0';

/**
 * Returns standard input for a verb that takes a path or a stream. After `< archive.tar` it is the path of the file,
 * which can be read at any offset, unless another program has read the file's beginning: then it is a stream.
 */
export function standardInput(): string | NodeJS.ReadStream {
  return isWholeFile() ? descriptor : process.stdin;
}

function isWholeFile(): boolean {
  if (!fstatSync(0).isFile() || !/^pos:\s*0$/m.test(readFileSync('/proc/self/fdinfo/0', 'latin1'))) return false;
  try {
    accessSync(descriptor, constants.R_OK);
    return true;
  } catch {
    // It was opened by a user that may read the file, for one that may not.
    return false;
  }
}
