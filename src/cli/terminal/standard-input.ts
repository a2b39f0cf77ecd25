import { accessSync, constants, fstatSync, readFileSync } from 'node:fs';

const descriptor = '/proc/self/fd/0';

/**
 * Standard input, for a verb that takes a path or a stream: after `< archive.tar` the file itself, which can be read
 * where it lies. Where somebody has read the beginning of it already, what is left is a stream.
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
    // Opened by somebody who may read it, for somebody who may not.
    return false;
  }
}
