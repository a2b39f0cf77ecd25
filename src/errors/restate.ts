import { type JsonValue, StrataError, sameCode } from './strata-error.ts';

export interface Restatement {
  readonly message?: string;
  readonly hint?: string | undefined;
  /** Added to what the error has already; null leaves out what it has. */
  readonly details?: { readonly [key: string]: JsonValue } | null;
}

/** Returns an error of the same code with another message, hint or details; `error` is its cause. */
export function restate(error: StrataError, changes: Restatement): StrataError {
  const { message = error.message, hint = error.hint } = changes;
  const details =
    changes.details === null
      ? undefined
      : (changes.details ?? error.details) && { ...error.details, ...changes.details };
  return new StrataError({
    ...sameCode(error),
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
    cause: error,
  });
}
