import { errorFromJson, firstCause, isStrataError, type JsonValue } from '../errors/index.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';
import { type Errno, errnoNumber, errnoOf } from '../sys/errno.ts';

/** An error on its way between threads, as data. */
export type ThreadError = { readonly [key: string]: JsonValue };

export function toThreadError(thrown: unknown): ThreadError {
  const error = asSyscallError(firstCause(thrown));
  const name = errnoOf(error);
  const errno: ThreadError = name === undefined ? {} : { errno: name };
  if (isStrataError(error)) return { ...error.toJSON(), ...errno };
  return { message: error instanceof Error ? error.message : String(error), ...errno };
}

/** The error again; a StrataError with all its parts when it was one, with its error number when it had one. */
export function fromThreadError(data: ThreadError): Error {
  const { errno } = data;
  const error = errorOf(data);
  return typeof errno === 'string' ? Object.assign(error, { errno: -errnoNumber(errno as Errno) }) : error;
}

const errorOf = (data: ThreadError): Error =>
  errorFromJson(data) ??
  new Error(typeof data['message'] === 'string' ? data['message'] : 'the container thread failed without a message');
