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

/** Error as data, to send between threads: structured cloning keeps neither class nor code. */
export interface ErrorData {
  readonly message: string;
  readonly stack: string | undefined;
  /** Result of `toJSON` of a StrataError. */
  readonly strata?: { readonly [key: string]: JsonValue };
  /** Call of a SyscallError. */
  readonly call?: CallData;
  readonly cause?: ErrorData;
}

const maxCauses = 8;

/** Converts a thrown value, with its causes, to data. */
export function toErrorData(thrown: unknown, depth = 0): ErrorData {
  const error = asSyscallError(firstCause(thrown));
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const { message, stack, cause } = error;
  return {
    message,
    stack,
    ...(isStrataError(error) ? { strata: error.toJSON() } : {}),
    ...(error instanceof SyscallError ? { call: callOf(error) } : {}),
    ...(cause === undefined || depth === maxCauses ? {} : { cause: toErrorData(cause, depth + 1) }),
  };
}

const callOf = ({ syscall, errno, path }: SyscallError): CallData => ({ syscall, errno, path });

/** Restores the error, of the same class: StrataError, SyscallError or Error. */
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
