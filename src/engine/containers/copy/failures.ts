import { StrataError } from '../../../errors/index.ts';

/** Docker's words throughout. */
export const copyMissing = (message: string): StrataError => new StrataError({ code: 'ERR_COPY_NOT_FOUND', message });

export const copyImpossible = (message: string): StrataError => new StrataError({ code: 'ERR_COPY_REFUSED', message });

export const mountedThere = (path: string): StrataError =>
  new StrataError({
    code: 'ERR_COPY_MOUNTED',
    message: `cannot replace ${path}: device or resource busy: something is mounted there`,
    hint: 'Have a process in the container write into it instead.',
  });

export const withoutSize = (path: string): StrataError =>
  new StrataError({
    code: 'ERR_COPY_NO_SIZE',
    message: `cannot copy ${path}: it has no size, the kernel makes it when it is read`,
    hint: 'Have a process read it, in a container one that joins it.',
  });

export const readOnly = (what: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_COPY_READ_ONLY',
    message: `${what} is marked read-only`,
    hint: 'Copy to a place that can be written to.',
    cause,
  });
