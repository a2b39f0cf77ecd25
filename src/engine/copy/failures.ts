import { StrataError } from '../../errors/index.ts';

/** Docker's words throughout. */
export const copyMissing = (message: string): StrataError =>
  new StrataError({ kind: 'not-found', code: 'ERR_COPY_NOT_FOUND', message });

export const copyImpossible = (message: string): StrataError =>
  new StrataError({ kind: 'invalid-argument', code: 'ERR_COPY_REFUSED', message });

export const readOnly = (what: string, cause?: unknown): StrataError =>
  new StrataError({
    kind: 'failed-precondition',
    code: 'ERR_COPY_READ_ONLY',
    message: `${what} is marked read-only`,
    hint: 'Copy to a place that can be written to.',
    cause,
  });
