import { isErrorKind } from './codes.ts';
import { type JsonValue, StrataError, sameCode } from './strata-error.ts';

/**
 * Makes the error again of which `toJSON` returned `value`, on its way from another thread, process or machine. Returns
 * undefined for anything else. The other side may run another version: its code may be one that this version lacks.
 */
export function errorFromJson(value: unknown, cause?: unknown): StrataError | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, code, message, hint, details } = value;
  if (typeof code !== 'string' || typeof message !== 'string' || !isErrorKind(kind)) return undefined;
  return new StrataError({
    ...sameCode({ code, kind }),
    message,
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(isRecord(details) ? { details } : {}),
    cause,
  });
}

const isRecord = (value: unknown): value is { readonly [key: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
