import { StrataError } from '../errors/index.ts';
import type { LineRange } from './syntax-tree.ts';

const lines = (at: LineRange): { line: number; endLine: number } => ({ line: at.start, endLine: at.end });

/** Error for wrong syntax; `text` is in docker's words. */
export function syntaxError(text: string, at: LineRange, hint?: string): StrataError {
  return new StrataError({
    code: 'ERR_DOCKERFILE_SYNTAX',
    message: `dockerfile parse error on line ${at.start}: ${text}`,
    ...(hint === undefined ? {} : { hint }),
    details: lines(at),
  });
}

/** Error for a variable, quote or `${…}` that cannot be resolved. `at` is left out for a word without a Dockerfile. */
export function expansionError(text: string, at?: LineRange, hint?: string): StrataError {
  return new StrataError({
    code: 'ERR_DOCKERFILE_EXPANSION',
    message: text,
    ...(hint === undefined ? {} : { hint }),
    ...(at === undefined ? {} : { details: lines(at) }),
  });
}

/** Error for a stage, target or `--from` that does not fit together with the others. */
export function stageError(text: string, at?: LineRange, hint?: string): StrataError {
  return new StrataError({
    code: 'ERR_DOCKERFILE_STAGE',
    message: text,
    ...(hint === undefined ? {} : { hint }),
    ...(at === undefined ? {} : { details: lines(at) }),
  });
}

/** Error for a value that is malformed once its variables are known: a port, a mode, a mount. */
export function valueError(text: string, at?: LineRange, hint?: string): StrataError {
  return new StrataError({
    code: 'ERR_DOCKERFILE_VALUE',
    message: text,
    ...(hint === undefined ? {} : { hint }),
    ...(at === undefined ? {} : { details: lines(at) }),
  });
}
