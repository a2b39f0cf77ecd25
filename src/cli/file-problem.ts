import { getSystemErrorMessage } from 'node:util';
import { StrataError } from '../errors/index.ts';

/** For a file that the user named and that cannot be read or written. `doing` is docker's word: `open`. */
export const fileProblem = (doing: string, path: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_FILE_UNUSABLE',
    message: `${doing} ${path}: ${reasonOf(cause)}`,
    cause,
  });

/** What the system says: `no such file or directory`. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'errno' in cause && typeof cause.errno === 'number' ? getSystemErrorMessage(cause.errno) : cause.message;
}
