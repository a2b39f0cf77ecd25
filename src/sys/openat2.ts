import { O_CLOEXEC } from './constants.ts';
import { errnoName } from './errno.ts';
import { lastErrno } from './ffi.ts';
import { libc } from './libc.ts';
import { type Name, nameAddress, scratch } from './scratch.ts';

const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;

// Any rename on the machine during a lookup of `..` gives EAGAIN; a program that renames in a loop causes it most of the time.
const attempts = 64;

// struct open_how: u64 flags, u64 mode, u64 resolve.
const howSize = 24;

/**
 * Opens a path as if `rootFd` were `/`, openat2(2) with RESOLVE_IN_ROOT: no `..`, absolute path or symlink leads out, and magic
 * links of /proc are refused (ELOOP). Always close-on-exec; `mode` only with O_CREAT or O_TMPFILE. Returns -1 instead of
 * throwing, and errno has the reason: EAGAIN when renames were so frequent that no attempt succeeded.
 */
export function tryOpenInRoot(rootFd: number, path: Name, flags: number, mode = 0): number {
  const { syscall, numbers } = libc();
  const { view, struct, structAddress } = scratch();
  view.setUint32(struct, flags | O_CLOEXEC, true);
  view.setUint32(struct + 4, 0, true);
  view.setUint32(struct + 8, mode, true);
  view.setUint32(struct + 12, 0, true);
  view.setUint32(struct + 16, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, true);
  view.setUint32(struct + 20, 0, true);
  const address = nameAddress(path);
  for (let attempt = 1; ; attempt++) {
    const fd = Number(syscall(numbers.openat2, rootFd, address, structAddress, howSize, 0, 0));
    if (fd >= 0 || attempt === attempts || errnoName(lastErrno()) !== 'EAGAIN') return fd;
  }
}
