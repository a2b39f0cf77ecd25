import { StrataError } from '../../../errors/index.ts';

/** Docker's words throughout. */
export const copyMissing = (message: string): StrataError => new StrataError({ code: 'ERR_COPY_NOT_FOUND', message });

export const copyImpossible = (message: string): StrataError => new StrataError({ code: 'ERR_COPY_REFUSED', message });

export const mountedThere = (path: string): StrataError =>
  new StrataError({
    code: 'ERR_COPY_MOUNTED',
    message: `cannot replace ${path}: device or resource busy: something is mounted there`,
    hint: `Write into it instead, in a container with 'strata exec -i CONTAINER sh -c "cat >PATH"'.`,
  });

export const withoutSize = (path: string): StrataError =>
  new StrataError({
    code: 'ERR_COPY_NO_SIZE',
    message: `cannot copy ${path}: it has no size, the kernel makes it when it is read`,
    hint: "Read it, in a container with 'strata exec CONTAINER cat PATH'.",
  });

export const readOnly = (what: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_COPY_READ_ONLY',
    message: `${what} is marked read-only`,
    hint: 'Copy to a place that can be written to.',
    cause,
  });
