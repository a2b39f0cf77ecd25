import { type JsonValue, StrataError } from './strata-error.ts';

export interface Restatement {
  readonly message?: string;
  /** Added to what the error has already. */
  readonly details?: { readonly [key: string]: JsonValue };
}

/** Returns an error of the same kind, code and hint, with another message or more details; `error` is its cause. */
export function restate(error: StrataError, { message = error.message, details }: Restatement): StrataError {
  const { kind, code, hint } = error;
  const merged =
    error.details === undefined && details === undefined ? {} : { details: { ...error.details, ...details } };
  return new StrataError({ kind, code, message, ...(hint === undefined ? {} : { hint }), ...merged, cause: error });
}
