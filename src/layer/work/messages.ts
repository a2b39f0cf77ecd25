import { errorFromJson, firstCause, isStrataError, type JsonValue } from '../../errors/index.ts';
import { asSyscallError } from '../../sys/as-syscall-error.ts';
import { type Errno, errnoNumber, errnoOf } from '../../sys/errno.ts';
import type { Job, JobResult } from './jobs.ts';

/** To a worker: one job at a time. The first word of `abort` becomes non-zero when it is to stop. */
export interface JobMessage {
  readonly job: Job;
  readonly abort: SharedArrayBuffer;
}

/** From a worker. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly offset: number }
  | { readonly kind: 'done'; readonly result: JobResult<Job['kind']> }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'failed'; readonly error: PlainError };

/** An error as data: structured cloning would keep neither class nor code. */
export interface PlainError {
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a call of the kernel. */
  readonly errno?: Errno;
  /** What `toJSON` of a StrataError returned. */
  readonly strata?: { readonly [key: string]: JsonValue };
  readonly cause?: PlainError;
}

const deepestCause = 8;

export function toPlainError(thrown: unknown, depth = 0): PlainError {
  const error = asSyscallError(firstCause(thrown));
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const { message, stack, cause } = error;
  const errno = errnoOf(error);
  return {
    message,
    stack,
    ...(errno === undefined ? {} : { errno }),
    ...(isStrataError(error) ? { strata: error.toJSON() } : {}),
    ...(cause === undefined || depth === deepestCause ? {} : { cause: toPlainError(cause, depth + 1) }),
  };
}

export function fromPlainError({ message, stack, errno, strata, cause }: PlainError): Error {
  const inner = cause && fromPlainError(cause);
  const error = errorFromJson(strata, inner) ?? new Error(message, inner && { cause: inner });
  if (stack !== undefined) error.stack = stack;
  return errno === undefined ? error : Object.assign(error, { errno: -errnoNumber(errno) });
}
