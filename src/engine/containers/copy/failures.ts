import { StrataError } from '../../../errors/index.ts';
import { present } from '../../../lib/present.ts';

/** Docker's words throughout. */
export const copyMissing = (message: string, hint?: string): StrataError =>
  new StrataError({ code: 'ERR_COPY_NOT_FOUND', message, ...present({ hint }) });

export const copyImpossible = (message: string, hint?: string): StrataError =>
  new StrataError({ code: 'ERR_COPY_REFUSED', message, ...present({ hint }) });

/** What to do about a destination whose folder is not there. */
export const makeFolder = 'Make that folder first: a copy makes none on its way.';

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
