import { firstCause, isStrataError, StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';

/** Runs a verb of the library; rejects as {@link toRejection} says. */
export async function perform<Result>(verb: () => Result | Promise<Result>, options?: AbortOptions): Promise<Result> {
  try {
    return await verb();
  } catch (error) {
    throw toRejection(error, options);
  }
}

/**
 * Returns what the library rejects with: the reason of the caller's own signal after an abort, and otherwise a
 * StrataError of the first failure. One that nobody foresaw is ours, and ERR_INTERNAL.
 */
export function toRejection(thrown: unknown, { signal }: AbortOptions = {}): unknown {
  const first = firstCause(thrown);
  if (signal?.aborted === true && isAbort(first, signal.reason)) return signal.reason;
  const error = asSyscallError(first);
  return isStrataError(error) ? error : unforeseen(error);
}

/** Node's own calls wrap the reason in an AbortError. */
function isAbort(error: unknown, reason: unknown): boolean {
  for (let cause = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined)
    if (cause === reason) return true;
  return error instanceof Error && error.name === 'AbortError';
}

const unforeseen = (cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_INTERNAL',
    message: `internal error: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'This is a fault of Strata, not yours: report it with the stack of its cause.',
    cause,
  });
