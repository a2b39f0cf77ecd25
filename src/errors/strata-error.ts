import { type AnyErrorCode, type ErrorCode, type ErrorKind, type ForeignErrorCode, kindOf } from './codes.ts';
import { redact } from './redact.ts';

/** A value that survives `JSON.stringify` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface ErrorDescription {
  /** Noun first, lower case, no full stop: `blob sha256:ab…: not found`. */
  readonly message: string;
  /** What the user can do about it, as a sentence. */
  readonly hint?: string;
  readonly details?: { readonly [key: string]: JsonValue };
  readonly cause?: unknown;
}

/** The kind goes with a code of another package; of our own codes the table knows it. */
export type StrataErrorOptions = ErrorDescription &
  ({ readonly code: ErrorCode; readonly kind?: never } | { readonly code: ForeignErrorCode; readonly kind: ErrorKind });

/** Returns code and kind of an error that exists already, maybe of another version of the library, for a new one. */
export const sameCode = ({ code, kind }: { readonly code: string; readonly kind: ErrorKind }): ForeignCode =>
  ({ code, kind }) as ForeignCode;

interface ForeignCode {
  readonly code: ForeignErrorCode;
  readonly kind: ErrorKind;
}

// Two copies of the library in one process must recognise each other's errors.
const brand = Symbol.for('strata-oci.error');

/**
 * The one error class of the library. Message and hint pass through {@link redact}, so a URL with a password
 * or an `Authorization` header can be put into them without leaking.
 */
export class StrataError extends Error {
  override readonly name: string = 'StrataError';
  /** Stable and documented in `docs/errors.md`; callers match on it. */
  readonly code: AnyErrorCode;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly details: { readonly [key: string]: JsonValue } | undefined;

  constructor(options: StrataErrorOptions) {
    super(redact(options.message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.kind = options.kind ?? kindOf(options.code) ?? 'internal';
    this.hint = options.hint === undefined ? undefined : redact(options.hint);
    this.details = options.details;
    Object.defineProperty(this, brand, { value: true });
  }

  /** What a JSON log or an API answer may show; the cause stays inside. */
  toJSON(): { [key: string]: JsonValue } {
    return {
      kind: this.kind,
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }
}

/** True for a {@link StrataError} of any copy of the library, and of the given code when one is given. */
export function isStrataError(error: unknown, code?: AnyErrorCode): error is StrataError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || ('code' in error && error.code === code);
}

/** True when `error` is a {@link StrataError} of this kind. */
export function isKind(error: unknown, kind: ErrorKind): error is StrataError {
  return isStrataError(error) && error.kind === kind;
}
