/**
 * Errors of the library. Every failure is a {@link StrataError} with a stable `code`, a `kind`, a message and mostly a hint.
 * Match on code or kind, never on the text.
 *
 * ```ts
 * import { isKind, isStrataError } from 'strata-oci/errors';
 *
 * try {
 *   await engine.images.remove('web:1.2');
 * } catch (error) {
 *   if (isStrataError(error, 'ERR_IMAGE_IN_USE')) console.error(error.message, error.hint ?? '');
 *   else if (!isKind(error, 'not-found')) throw error;
 * }
 * ```
 *
 * @module
 */
export type { AnyErrorCode, ErrorCode, ErrorKind, ForeignErrorCode } from './codes.ts';
export { errorFromJson } from './error-from-json.ts';
export { firstCause } from './first-cause.ts';
export { redact } from './redact.ts';
export { type Restatement, restate } from './restate.ts';
export {
  type ErrorDescription,
  isKind,
  isStrataError,
  type JsonValue,
  StrataError,
  type StrataErrorOptions,
} from './strata-error.ts';
