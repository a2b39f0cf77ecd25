import { firstCause, isStrataError, StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';

/** Runs a verb of the library. Rejects as {@link toRejection} says. */
export async function perform<Result>(verb: () => Result | Promise<Result>, options?: AbortOptions): Promise<Result> {
  try {
    return await verb();
  } catch (error) {
    throw toRejection(error, options);
  }
}

/**
 * Returns the rejection of the library: the reason of the caller's own signal after an abort, otherwise a StrataError of
 * the first failure. An unforeseen error becomes ERR_INTERNAL.
 */
export function toRejection(thrown: unknown, { signal }: AbortOptions = {}): unknown {
  const first = firstCause(thrown);
  if (signal?.aborted === true && isAbort(first, signal.reason)) return signal.reason;
  const error = asSyscallError(first);
  return isStrataError(error) ? error : internalError(error);
}

/** True for the reason itself, and for the AbortError in which Node's own calls wrap it. */
function isAbort(error: unknown, reason: unknown): boolean {
  for (let cause = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined)
    if (cause === reason) return true;
  return error instanceof Error && error.name === 'AbortError';
}

const internalError = (cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_INTERNAL',
    message: `internal error: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'This is a fault of Strata, not yours: report it with the stack of its cause.',
    cause,
  });
