import { redact } from './redact.ts';

/** The closed list of failure kinds. Faces translate kinds (exit code, HTTP status), never message text. */
export type ErrorKind =
  | 'not-found'
  | 'already-exists'
  | 'invalid-argument'
  | 'failed-precondition'
  | 'conflict'
  | 'permission-denied'
  | 'unauthenticated'
  | 'unsupported'
  | 'unavailable'
  | 'exhausted'
  | 'corrupt'
  | 'internal';

/** A value that survives `JSON.stringify` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface StrataErrorOptions {
  readonly kind: ErrorKind;
  /** Stable and documented in `docs/errors.md`; callers match on it. */
  readonly code: `ERR_${string}`;
  /** Noun first, lower case, no full stop: `blob sha256:ab…: not found`. */
  readonly message: string;
  /** What the user can do about it, as a sentence. */
  readonly hint?: string;
  readonly details?: { readonly [key: string]: JsonValue };
  readonly cause?: unknown;
}

// Two copies of the library in one process must recognise each other's errors.
const brand = Symbol.for('strata-oci.error');

/**
 * The one error class of the library. Message and hint pass through {@link redact}, so a URL with a password
 * or an `Authorization` header can be put into them without leaking.
 */
export class StrataError extends Error {
  override readonly name: string = 'StrataError';
  readonly kind: ErrorKind;
  readonly code: `ERR_${string}`;
  readonly hint: string | undefined;
  readonly details: { readonly [key: string]: JsonValue } | undefined;

  constructor(options: StrataErrorOptions) {
    super(redact(options.message), options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind;
    this.code = options.code;
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
export function isStrataError(error: unknown, code?: string): error is StrataError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || ('code' in error && error.code === code);
}

/** True when `error` is a {@link StrataError} of this kind. */
export function isKind(error: unknown, kind: ErrorKind): error is StrataError {
  return isStrataError(error) && error.kind === kind;
}
