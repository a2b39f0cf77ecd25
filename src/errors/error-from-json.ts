import { isErrorKind } from './codes.ts';
import { codeAndKindOf, type JsonValue, StrataError } from './strata-error.ts';

/**
 * Restores a {@link StrataError} from the value that its `toJSON` returned in another thread, process or machine. The other
 * side may run another version, so `code` may be one that this version lacks.
 *
 * @param cause becomes the error's `cause`, which `toJSON` leaves out
 * @returns undefined when `value` is no such value
 */
export function errorFromJson(value: unknown, cause?: unknown): StrataError | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, code, message, hint, details } = value;
  if (typeof code !== 'string' || typeof message !== 'string' || !isErrorKind(kind)) return undefined;
  return new StrataError({
    ...codeAndKindOf({ code, kind }),
    message,
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(isRecord(details) ? { details } : {}),
    cause,
  });
}

const isRecord = (value: unknown): value is { readonly [key: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
