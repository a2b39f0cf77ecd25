export { firstCause } from './first-cause.ts';
export { redact } from './redact.ts';
export { type Restatement, restate } from './restate.ts';
export {
  type ErrorKind,
  isKind,
  isStrataError,
  type JsonValue,
  StrataError,
  type StrataErrorOptions,
} from './strata-error.ts';
