import { codeAndKindOf, type JsonValue, StrataError } from './strata-error.ts';

/** Parts of an error that {@link restate} replaces; absent ones stay. */
export interface Restatement {
  readonly message?: string;
  readonly hint?: string | undefined;
  /** Merged into the error's details; null removes them. */
  readonly details?: { readonly [key: string]: JsonValue } | null;
}

/**
 * Returns a new error of the same code and kind with another message, hint or details; `error` is its cause. A caller uses it
 * to name the thing that its own caller knows: the image instead of the blob.
 */
export function restate(error: StrataError, changes: Restatement): StrataError {
  const { message = error.message, hint = error.hint } = changes;
  const details =
    changes.details === null
      ? undefined
      : (changes.details ?? error.details) && { ...error.details, ...changes.details };
  return new StrataError({
    ...codeAndKindOf(error),
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
    cause: error,
  });
}
