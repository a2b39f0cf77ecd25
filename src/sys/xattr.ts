// Extended attributes, xattr(7). Attribute names are latin1 text, one character a byte; values are bytes.
import { attributeFailure } from './attribute-limit.ts';
import { errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { addressOf } from './ffi.ts';
import { hasSyscall } from './has-syscall.ts';
import { libc } from './libc.ts';
import { displayName, lastError, type Name } from './scratch.ts';
import { attributeAddress, directCalls, procCalls, type XattrCalls } from './xattr-calls.ts';

/**
 * Names of all attributes this process may see, in the filesystem's order; none where there is no support for them.
 * llistxattr(2), a symlink is not followed.
 */
export function listXattrsAt(dirFd: number, name: Name): string[] {
  const { address, length } = room();
  return namesOf(calls().list(dirFd, name, address, length), 'llistxattr', name);
}

/** The value, a copy; undefined when there is none of that name. lgetxattr(2), a symlink is not followed. */
export function getXattrAt(dirFd: number, name: Name, attribute: string): Uint8Array | undefined {
  const { address, length } = room();
  return valueOf(calls().get(dirFd, name, attribute, address, length), 'lgetxattr', name);
}

/** Sets or replaces one attribute. lsetxattr(2), a symlink is not followed. */
export function setXattrAt(dirFd: number, name: Name, attribute: string, value: Uint8Array): void {
  const { bytes, address, length } = room();
  if (value.length > length) throw attributeFailure(tooLarge(name), dirFd, name);
  // From memory that stays: by the time of the call nobody may hold the caller's own any more.
  bytes.set(value);
  if (calls().set(dirFd, name, attribute, address, value.length) < 0) {
    throw attributeFailure(lastError('lsetxattr', name), dirFd, name);
  }
}

/** Removes one attribute; ENODATA when it is not there. lremovexattr(2), a symlink is not followed. */
export function removeXattrAt(dirFd: number, name: Name, attribute: string): void {
  if (calls().remove(dirFd, name, attribute) < 0) throw lastError('lremovexattr', name);
}

/** flistxattr(2), with a descriptor that is not O_PATH; see {@link listXattrsAt}. */
export function listXattrsFd(fd: number): string[] {
  const { address, length } = room();
  return namesOf(Number(libc().flistxattr(fd, address, length)), 'flistxattr');
}

/** fgetxattr(2), with a descriptor that is not O_PATH; see {@link getXattrAt}. */
export function getXattrFd(fd: number, attribute: string): Uint8Array | undefined {
  const { address, length } = room();
  return valueOf(Number(libc().fgetxattr(fd, attributeAddress(attribute), address, length)), 'fgetxattr');
}

/** fsetxattr(2), with a descriptor that is not O_PATH; see {@link setXattrAt}. */
export function setXattrFd(fd: number, attribute: string, value: Uint8Array): void {
  const result = libc().fsetxattr(fd, attributeAddress(attribute), value, value.length, 0);
  if (result < 0) throw attributeFailure(lastError('fsetxattr'), fd);
}

/** fremovexattr(2), with a descriptor that is not O_PATH; see {@link removeXattrAt}. */
export function removeXattrFd(fd: number, attribute: string): void {
  if (libc().fremovexattr(fd, attributeAddress(attribute)) < 0) throw lastError('fremovexattr');
}

const tooLarge = (name: Name): SyscallError =>
  new SyscallError({ syscall: 'lsetxattr', errno: errnoNumber('E2BIG'), path: displayName(name) });

const calls = (): XattrCalls => (hasSyscall('setxattrat') ? directCalls : procCalls);

// XATTR_SIZE_MAX and XATTR_LIST_MAX: with this much room no call can answer ERANGE.
const roomSize = 65_536;
let allocated: { readonly bytes: Buffer; readonly address: number; readonly length: number } | undefined;

function room(): NonNullable<typeof allocated> {
  if (!allocated) {
    const bytes = Buffer.from(new ArrayBuffer(roomSize));
    allocated = { bytes, address: Number(addressOf(bytes)), length: roomSize };
  }
  return allocated;
}

function namesOf(length: number, syscall: string, name?: Name): string[] {
  if (length === 0) return [];
  const { bytes } = room();
  if (length > 0) return bytes.toString('latin1', 0, length - 1).split('\0');
  const error = lastError(syscall, name);
  if (errnoOf(error) === 'EOPNOTSUPP') return [];
  throw error;
}

function valueOf(length: number, syscall: string, name?: Name): Uint8Array | undefined {
  if (length >= 0) return new Uint8Array(room().bytes.buffer as ArrayBuffer, 0, length).slice();
  const error = lastError(syscall, name);
  if (errnoOf(error) === 'ENODATA') return undefined;
  throw error;
}
