import { getSystemErrorMessage } from 'node:util';
import { StrataError } from '../errors/index.ts';

/** Creates the error for a file named by the user that cannot be read or written. `doing` is docker's word: `open`. */
export const fileProblem = (
  doing: string,
  path: string,
  cause: unknown,
  hint = 'Check the path and its permissions, or name another file.',
): StrataError =>
  new StrataError({
    code: 'ERR_FILE_UNUSABLE',
    message: `${doing} ${path}: ${reasonOf(cause)}`,
    hint,
    cause,
  });

/** Returns the system's message for an error: `no such file or directory`. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'errno' in cause && typeof cause.errno === 'number' ? getSystemErrorMessage(cause.errno) : cause.message;
}
