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
