import { type ErrorCode, isStrataError, StrataError } from '../errors/index.ts';

// The generic Linux numbering (asm-generic/errno*.h), which x86-64 and arm64 share.
const numbers = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  ENOTBLK: 15,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  EDOM: 33,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  ETIME: 62,
  EREMOTEIO: 121,
  EPROTO: 71,
  EBADMSG: 74,
  EOVERFLOW: 75,
  EUSERS: 87,
  ENOTSOCK: 88,
  EMSGSIZE: 90,
  EPROTOTYPE: 91,
  EPROTONOSUPPORT: 93,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
  ESTALE: 116,
  EUCLEAN: 117,
  EDQUOT: 122,
  ENOMEDIUM: 123,
  ECANCELED: 125,
  EOWNERDEAD: 130,
} as const;

/** Symbolic name of a Linux error number. */
export type Errno = keyof typeof numbers;

const names = new Map<number, Errno>(Object.entries(numbers).map(([name, number]) => [number, name as Errno]));

/** Returns the number of an error name, the same on every architecture that Strata runs on. */
export const errnoNumber = (name: Errno): number => numbers[name];

/** Returns the name of an error number; undefined for one that the table does not list. */
export const errnoName = (number: number): Errno | undefined => names.get(number);

// One code per kind, because a code always has the same kind.
const codes = {
  'not-found': 'ERR_SYSCALL_NOT_FOUND',
  'already-exists': 'ERR_SYSCALL_ALREADY_EXISTS',
  'permission-denied': 'ERR_SYSCALL_PERMISSION_DENIED',
  exhausted: 'ERR_SYSCALL_EXHAUSTED',
  'failed-precondition': 'ERR_SYSCALL_FAILED_PRECONDITION',
  'invalid-argument': 'ERR_SYSCALL_INVALID_ARGUMENT',
  conflict: 'ERR_SYSCALL_CONFLICT',
  unavailable: 'ERR_SYSCALL_UNAVAILABLE',
  unsupported: 'ERR_SYSCALL_UNSUPPORTED',
  corrupt: 'ERR_SYSCALL_CORRUPT',
  internal: 'ERR_SYSCALL_FAILED',
} as const;

const kinds: { readonly [Name in Errno]?: keyof typeof codes } = {
  ENOENT: 'not-found',
  ESRCH: 'not-found',
  ENXIO: 'not-found',
  ENODATA: 'not-found',
  EEXIST: 'already-exists',
  EPERM: 'permission-denied',
  EACCES: 'permission-denied',
  ENOSPC: 'exhausted',
  EDQUOT: 'exhausted',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
  ENOMEM: 'exhausted',
  EMLINK: 'exhausted',
  EFBIG: 'exhausted',
  EUSERS: 'exhausted',
  ENOTDIR: 'failed-precondition',
  EISDIR: 'failed-precondition',
  ENOTEMPTY: 'failed-precondition',
  EROFS: 'failed-precondition',
  ELOOP: 'failed-precondition',
  EXDEV: 'failed-precondition',
  EINVAL: 'invalid-argument',
  ENAMETOOLONG: 'invalid-argument',
  E2BIG: 'invalid-argument',
  ERANGE: 'invalid-argument',
  EOVERFLOW: 'invalid-argument',
  EBUSY: 'conflict',
  ETXTBSY: 'conflict',
  EAGAIN: 'unavailable',
  EINTR: 'unavailable',
  ETIMEDOUT: 'unavailable',
  ESTALE: 'unavailable',
  ENOSYS: 'unsupported',
  EOPNOTSUPP: 'unsupported',
  ENODEV: 'unsupported',
  ENOTTY: 'unsupported',
  EUCLEAN: 'corrupt',
  EBADMSG: 'corrupt',
};

// Without EACCES and EPERM: for these the command has a hint that depends on its user.
const hints: { readonly [Name in Errno]?: string } = {
  ENOSPC: 'Free space or inodes on that filesystem; `df` and `df -i` show which has run out.',
  EDQUOT: 'The disk quota is used up: free some files or have it raised.',
  EMFILE: 'Raise the limit of open files (`ulimit -n`).',
  ENFILE: 'The whole machine is out of open files: raise fs.file-max.',
  ENOMEM: 'Free memory, or raise the memory limit of this process or its control group.',
  EIO: 'The disk or filesystem reported a fault: see the kernel log (`dmesg`) for it.',
  EUCLEAN: 'The filesystem is damaged: run its checker.',
  EBADMSG: 'The filesystem is damaged: run its checker.',
  EROFS: 'The filesystem is mounted read-only: mount it writable, or use another one.',
  EBUSY: 'Stop the programs that use it, or unmount it, then try again.',
  ETXTBSY: 'Wait until the program is no longer being written or run, then try again.',
  EAGAIN: 'Try again. If a program or thread cannot be started, raise the limit of processes (`ulimit -u`).',
  ESTALE: 'The file server has lost the file: mount the network filesystem again.',
  ENAMETOOLONG: 'Use a shorter path.',
  ELOOP: 'Remove the symlinks from the path: they form a loop, or none is allowed there.',
  EMLINK: 'Use fewer hard links to one file, or another filesystem.',
  EFBIG: 'Use a smaller file, a filesystem for larger ones, or a higher limit of file size (`ulimit -f`).',
  ENOSYS: 'Use a newer Linux kernel, or a seccomp filter that allows this system call.',
};

/** Text of a {@link SyscallError} in place of the call and its number. */
export interface ErrorText {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

export interface SyscallErrorOptions {
  /** Name of the call's man page, such as `openat`. */
  readonly syscall: string;
  /** Error number, positive. */
  readonly errno: number;
  /** Path or name concerned, for display only: control characters are escaped, bytes that are not UTF-8 are lost. */
  readonly path?: string | undefined;
  /** Message of the kernel beside the number. */
  readonly detail?: string | undefined;
  readonly text?: ErrorText;
  readonly cause?: unknown;
}

/**
 * Error of a failed system call. `kind` and `code` follow from the error number. To catch one number, use
 * `errnoOf(error) === 'ENOENT'`.
 */
export class SyscallError extends StrataError {
  override readonly name: string = 'SyscallError';
  readonly syscall: string;
  readonly errno: number;
  /** Name of the number; undefined when it is not in our table. */
  readonly errnoName: Errno | undefined;
  readonly path: string | undefined;

  constructor({ syscall, errno, path: given, detail, text, cause }: SyscallErrorOptions) {
    const path = given === undefined ? undefined : printable(given);
    const name = errnoName(errno);
    const label = name ?? `errno ${errno}`;
    const hint = name === undefined ? undefined : hints[name];
    super({
      code: codes[(name === undefined ? undefined : kinds[name]) ?? 'internal'],
      message: `${syscall}${path === undefined ? '' : ` ${path}`}: ${label}${detail === undefined ? '' : ` (${detail})`}`,
      ...(hint === undefined ? {} : { hint }),
      ...text,
      details: { syscall, errno: label, ...(path === undefined ? {} : { path }) },
      cause,
    });
    this.syscall = syscall;
    this.errno = errno;
    this.errnoName = name;
    this.path = path;
  }
}

// Names come from archives, and an escape sequence in a name must not reach a terminal.
const printable = (text: string): string =>
  text.replace(/[\x00-\x1f\x7f-\x9f]/g, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);

/**
 * Returns the error name of a {@link SyscallError} or an error of Node's `fs`; undefined for anything else. Knows numbers that
 * libuv has no name for: libuv calls EDQUOT `UNKNOWN`.
 */
export function errnoOf(error: unknown): Errno | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('errno' in error && typeof error.errno === 'number') {
    const name = errnoName(Math.abs(error.errno));
    if (name !== undefined) return name;
  }
  if ('code' in error && typeof error.code === 'string' && Object.hasOwn(numbers, error.code))
    return error.code as Errno;
  // Loaders of modules and libraries, workers that cannot start, and Node's rmSync report no number.
  if (error instanceof Error && !isStrataError(error) && /\bEMFILE\b|too many open files/i.test(error.message))
    return 'EMFILE';
  return undefined;
}
