import {
  type ErrorCode,
  errorFromJson,
  firstCause,
  isStrataError,
  type JsonValue,
  type StrataError,
} from '../../errors/index.ts';
import { asSyscallError } from '../as-syscall-error.ts';
import { type ErrorText, SyscallError } from '../errno.ts';

interface CallData {
  readonly syscall: string;
  readonly errno: number;
  readonly path: string | undefined;
}

/** An error on its way between threads: structured cloning keeps neither class nor code. */
export interface ErrorData {
  readonly message: string;
  readonly stack: string | undefined;
  /** What `toJSON` of a StrataError returned. */
  readonly strata?: { readonly [key: string]: JsonValue };
  /** Of a SyscallError. */
  readonly call?: CallData;
  readonly cause?: ErrorData;
}

const deepestCause = 8;

export function toErrorData(thrown: unknown, depth = 0): ErrorData {
  const error = asSyscallError(firstCause(thrown));
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const { message, stack, cause } = error;
  return {
    message,
    stack,
    ...(isStrataError(error) ? { strata: error.toJSON() } : {}),
    ...(error instanceof SyscallError ? { call: callOf(error) } : {}),
    ...(cause === undefined || depth === deepestCause ? {} : { cause: toErrorData(cause, depth + 1) }),
  };
}

const callOf = ({ syscall, errno, path }: SyscallError): CallData => ({ syscall, errno, path });

/** Returns the error again, of the same class. */
export function fromErrorData(data: ErrorData): Error {
  const { message, stack, strata, call } = data;
  const cause = data.cause && fromErrorData(data.cause);
  const known = errorFromJson(strata, cause);
  const error =
    call && known
      ? new SyscallError({ ...call, text: textOf(known), cause })
      : (known ?? new Error(message, cause && { cause }));
  if (stack !== undefined) error.stack = stack;
  return error;
}

const textOf = ({ code, message, hint }: StrataError): ErrorText => ({
  code: code as ErrorCode,
  message,
  ...(hint === undefined ? {} : { hint }),
});
