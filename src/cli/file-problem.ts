import { StrataError } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';

/** For a file that the user named and that cannot be read or written. `doing` is docker's word: `open`. */
export const fileProblem = (doing: string, path: string, cause: unknown): StrataError =>
  new StrataError({
    kind: 'failed-precondition',
    code: 'ERR_FILE_UNUSABLE',
    message: `${doing} ${path}: ${errnoOf(cause) ?? (cause instanceof Error ? cause.message : String(cause))}`,
    cause,
  });
