import { type AnyErrorCode, type ErrorCode, type ErrorKind, type ForeignErrorCode, kindOf } from './codes.ts';
import { redact } from './redact.ts';

/** Value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Text and context of an error. */
export interface ErrorDescription {
  /** Noun first, lower case, no full stop: `blob sha256:ab…: not found`. */
  readonly message: string;
  /** Sentence in the imperative that tells the user what to do: `Pull the image again.` */
  readonly hint?: string;
  /** Facts for programs, such as the name or the limit concerned. They are not redacted: put no secret into them. */
  readonly details?: { readonly [key: string]: JsonValue };
  /** Error from which this one follows. */
  readonly cause?: unknown;
}

/** Options of a new error. A code of another package comes with its kind; the kind of a code of the library is known. */
export type StrataErrorOptions = ErrorDescription &
  ({ readonly code: ErrorCode; readonly kind?: never } | { readonly code: ForeignErrorCode; readonly kind: ErrorKind });

/** Returns the code and the kind of an existing error, maybe of another version of the library, for a new error. */
export const codeAndKindOf = ({ code, kind }: { readonly code: string; readonly kind: ErrorKind }): ForeignCode =>
  ({ code, kind }) as ForeignCode;

interface ForeignCode {
  readonly code: ForeignErrorCode;
  readonly kind: ErrorKind;
}

// A registered symbol, so that two copies of the library in one process recognise each other's errors.
const brand = Symbol.for('strata-oci.error');

/**
 * Error class of the library. Message and hint pass through {@link redact}, so a URL with a password or an `Authorization`
 * header in them does not leak. Test for it with {@link isStrataError}, which also knows errors of another copy of the library;
 * `instanceof` does not.
 *
 * ```ts
 * const pool = 'tank';
 * throw new StrataError({
 *   code: 'zfs:ERR_POOL_MISSING',
 *   kind: 'failed-precondition',
 *   message: `pool ${pool}: not imported`,
 *   hint: 'Import the pool, or choose another storage driver.',
 * });
 * ```
 */
export class StrataError extends Error {
  override readonly name: string = 'StrataError';
  /** Stable code, documented in `docs/errors.md`, for callers to match on. */
  readonly code: AnyErrorCode;
  readonly kind: ErrorKind;
  /** Sentence that tells the user what to do; undefined where there is nothing to add to the message. */
  readonly hint: string | undefined;
  /** Facts for programs, such as the name or the limit concerned. */
  readonly details: { readonly [key: string]: JsonValue } | undefined;

  constructor(options: StrataErrorOptions) {
    super(redact(options.message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.kind = options.kind ?? kindOf(options.code) ?? 'internal';
    this.hint = options.hint === undefined ? undefined : redact(options.hint);
    this.details = options.details;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Returns the parts that a JSON log or an API response may show. The cause and the stack are left out. */
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

/**
 * True for a {@link StrataError} of any copy of the library. With `code`, true only for an error of that code.
 *
 * ```ts
 * try {
 *   await engine.images.load({ input: 'app.tar' }).result;
 * } catch (error) {
 *   if (isStrataError(error, 'ERR_NO_SPACE')) await engine.images.prune();
 * }
 * ```
 */
export function isStrataError(error: unknown, code?: AnyErrorCode): error is StrataError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || ('code' in error && error.code === code);
}

/** True for a {@link StrataError} of the given kind, such as `not-found`. */
export function isKind(error: unknown, kind: ErrorKind): error is StrataError {
  return isStrataError(error) && error.kind === kind;
}
