import { type ForeignFunction, openLibrary } from './ffi.ts';
import { type SyscallNumbers, syscallNumbers } from './syscall-numbers.ts';

// `uint64` is size_t, ino_t and unsigned long; `int64` is off_t, ssize_t and long.
const signatures = {
  openat: ['int32', ['int32', 'pointer', 'int32', 'uint32']],
  close: ['int32', ['int32']],
  read: ['int64', ['int32', 'pointer', 'uint64']],
  write: ['int64', ['int32', 'pointer', 'uint64']],
  pread: ['int64', ['int32', 'pointer', 'uint64', 'int64']],
  pwrite: ['int64', ['int32', 'pointer', 'uint64', 'int64']],
  lseek: ['int64', ['int32', 'int64', 'int32']],
  fallocate: ['int32', ['int32', 'int32', 'int64', 'int64']],
  mkdirat: ['int32', ['int32', 'pointer', 'uint32']],
  symlinkat: ['int32', ['pointer', 'int32', 'pointer']],
  linkat: ['int32', ['int32', 'pointer', 'int32', 'pointer', 'int32']],
  unlinkat: ['int32', ['int32', 'pointer', 'int32']],
  readlinkat: ['int64', ['int32', 'pointer', 'pointer', 'uint64']],
  fchownat: ['int32', ['int32', 'pointer', 'uint32', 'uint32', 'int32']],
  fchown: ['int32', ['int32', 'uint32', 'uint32']],
  chmod: ['int32', ['pointer', 'uint32']],
  fchmod: ['int32', ['int32', 'uint32']],
  utimensat: ['int32', ['int32', 'pointer', 'pointer', 'int32']],
  futimens: ['int32', ['int32', 'pointer']],
  fgetxattr: ['int64', ['int32', 'pointer', 'pointer', 'uint64']],
  lgetxattr: ['int64', ['pointer', 'pointer', 'pointer', 'uint64']],
  flistxattr: ['int64', ['int32', 'pointer', 'uint64']],
  llistxattr: ['int64', ['pointer', 'pointer', 'uint64']],
  fsetxattr: ['int32', ['int32', 'pointer', 'pointer', 'uint64', 'int32']],
  lsetxattr: ['int32', ['pointer', 'pointer', 'pointer', 'uint64', 'int32']],
  fremovexattr: ['int32', ['int32', 'pointer']],
  lremovexattr: ['int32', ['pointer', 'pointer']],
  mount: ['int32', ['pointer', 'pointer', 'pointer', 'uint64', 'pointer']],
  umount2: ['int32', ['pointer', 'int32']],
  unshare: ['int32', ['int32']],
  setns: ['int32', ['int32', 'int32']],
  fchdir: ['int32', ['int32']],
  umask: ['uint32', ['uint32']],
  flock: ['int32', ['int32', 'int32']],
  dup3: ['int32', ['int32', 'int32', 'int32']],
  sync_file_range: ['int32', ['int32', 'int64', 'int64', 'uint32']],
  clock_gettime: ['int32', ['int32', 'pointer']],
  ioctl: ['int32', ['int32', 'uint64', 'pointer']],
  socket: ['int32', ['int32', 'int32', 'int32']],
  connect: ['int32', ['int32', 'pointer', 'uint32']],
  send: ['int64', ['int32', 'pointer', 'uint64', 'int32']],
  recv: ['int64', ['int32', 'pointer', 'uint64', 'int32']],
  shutdown: ['int32', ['int32', 'int32']],
  tcgetattr: ['int32', ['int32', 'pointer']],
  tcsetattr: ['int32', ['int32', 'int32', 'pointer']],
  cfmakeraw: ['void', ['pointer']],
  // Integers and addresses are passed alike, so one declaration serves every call by number.
  syscall: ['int64', ['int64', 'int64', 'int64', 'int64', 'int64', 'int64', 'int64']],
} as const;

type Signatures = typeof signatures;

/** C functions that `sys` calls, and the numbers for `syscall`. */
export type Libc = {
  readonly [Name in keyof Signatures]: ForeignFunction<Signatures[Name][0], Signatures[Name][1]>;
} & {
  readonly numbers: SyscallNumbers;
};

let bound: Libc | undefined;

/** Returns the C library of this process, bound on first use (10 ms, mostly for loading the FFI). */
export function libc(): Libc {
  bound ??= bind();
  return bound;
}

function bind(): Libc {
  const library = openLibrary(null);
  const functions = Object.entries(signatures).map(([name, [result, parameters]]) => [
    name,
    library.declare(name, result, parameters),
  ]);
  return { ...Object.fromEntries(functions), numbers: syscallNumbers(process.arch) } as Libc;
}
