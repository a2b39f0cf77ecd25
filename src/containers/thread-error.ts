import { type ErrorKind, firstCause, type JsonValue, StrataError } from '../errors/index.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';
import { type Errno, errnoNumber, errnoOf } from '../sys/errno.ts';

/** An error on its way between threads, as data. */
export type ThreadError = { readonly [key: string]: JsonValue };

export function toThreadError(thrown: unknown): ThreadError {
  const error = asSyscallError(firstCause(thrown));
  const name = errnoOf(error);
  const errno: ThreadError = name === undefined ? {} : { errno: name };
  if (error instanceof StrataError) return { ...error.toJSON(), ...errno };
  return { message: error instanceof Error ? error.message : String(error), ...errno };
}

/** The error again; a StrataError with all its parts when it was one, with its error number when it had one. */
export function fromThreadError(data: ThreadError): Error {
  const { errno } = data;
  const error = errorOf(data);
  return typeof errno === 'string' ? Object.assign(error, { errno: -errnoNumber(errno as Errno) }) : error;
}

function errorOf({ kind, code, message, hint, details }: ThreadError): Error {
  if (typeof message !== 'string') return new Error('the container thread failed without a message');
  if (typeof code !== 'string') return new Error(message);
  return new StrataError({
    kind: kind as ErrorKind,
    code: code as `ERR_${string}`,
    message,
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(typeof details === 'object' && details !== null && !Array.isArray(details)
      ? { details: details as { readonly [key: string]: JsonValue } }
      : {}),
  });
}
