// Extended attributes, xattr(7). Attribute names are latin1 text, one character a byte; values are bytes.
import { attributeFailure } from './attribute-limit.ts';
import { errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { addressOf } from './ffi.ts';
import { hasSyscall } from './has-syscall.ts';
import { libc } from './libc.ts';
import { displayName, lastError, type Name } from './scratch.ts';
import { attributeAddress, directCalls, procCalls, type XattrCalls } from './xattr-calls.ts';

/**
 * Returns the names of all attributes that this process may see, in the filesystem's order; none when the filesystem does not
 * support attributes. A symlink is not followed, llistxattr(2).
 */
export function listXattrsAt(dirFd: number, name: Name): string[] {
  const { address, length } = valueBuffer();
  return namesOf(calls().list(dirFd, name, address, length), 'llistxattr', name);
}

/** Returns a copy of an attribute's value; undefined when it does not exist. A symlink is not followed, lgetxattr(2). */
export function getXattrAt(dirFd: number, name: Name, attribute: string): Uint8Array | undefined {
  const { address, length } = valueBuffer();
  return valueOf(calls().get(dirFd, name, attribute, address, length), 'lgetxattr', name);
}

/** Sets or replaces one attribute. A symlink is not followed, lsetxattr(2). */
export function setXattrAt(dirFd: number, name: Name, attribute: string, value: Uint8Array): void {
  const { bytes, address, length } = valueBuffer();
  if (value.length > length) throw attributeFailure(tooLarge(name), dirFd, name);
  // Copied to permanent memory: a bare address would not keep the caller's bytes alive until the call.
  bytes.set(value);
  if (calls().set(dirFd, name, attribute, address, value.length) < 0) {
    throw attributeFailure(lastError('lsetxattr', name), dirFd, name);
  }
}

/** Removes one attribute; ENODATA when it does not exist. A symlink is not followed, lremovexattr(2). */
export function removeXattrAt(dirFd: number, name: Name, attribute: string): void {
  if (calls().remove(dirFd, name, attribute) < 0) throw lastError('lremovexattr', name);
}

/** Lists the attributes of a descriptor that is not O_PATH, flistxattr(2); see {@link listXattrsAt}. */
export function listXattrsFd(fd: number): string[] {
  const { address, length } = valueBuffer();
  return namesOf(Number(libc().flistxattr(fd, address, length)), 'flistxattr');
}

/** Returns an attribute of a descriptor that is not O_PATH, fgetxattr(2); see {@link getXattrAt}. */
export function getXattrFd(fd: number, attribute: string): Uint8Array | undefined {
  const { address, length } = valueBuffer();
  return valueOf(Number(libc().fgetxattr(fd, attributeAddress(attribute), address, length)), 'fgetxattr');
}

/** Sets an attribute of a descriptor that is not O_PATH, fsetxattr(2); see {@link setXattrAt}. */
export function setXattrFd(fd: number, attribute: string, value: Uint8Array): void {
  const result = libc().fsetxattr(fd, attributeAddress(attribute), value, value.length, 0);
  if (result < 0) throw attributeFailure(lastError('fsetxattr'), fd);
}

/** Removes an attribute of a descriptor that is not O_PATH, fremovexattr(2); see {@link removeXattrAt}. */
export function removeXattrFd(fd: number, attribute: string): void {
  if (libc().fremovexattr(fd, attributeAddress(attribute)) < 0) throw lastError('fremovexattr');
}

const tooLarge = (name: Name): SyscallError =>
  new SyscallError({ syscall: 'lsetxattr', errno: errnoNumber('E2BIG'), path: displayName(name) });

const calls = (): XattrCalls => (hasSyscall('setxattrat') ? directCalls : procCalls);

// XATTR_SIZE_MAX and XATTR_LIST_MAX: with this much space no call can return ERANGE.
const valueBytes = 65_536;
let allocated: { readonly bytes: Buffer; readonly address: number; readonly length: number } | undefined;

function valueBuffer(): NonNullable<typeof allocated> {
  if (!allocated) {
    const bytes = Buffer.from(new ArrayBuffer(valueBytes));
    allocated = { bytes, address: Number(addressOf(bytes)), length: valueBytes };
  }
  return allocated;
}

function namesOf(length: number, syscall: string, name?: Name): string[] {
  if (length === 0) return [];
  const { bytes } = valueBuffer();
  if (length > 0) return bytes.toString('latin1', 0, length - 1).split('\0');
  const error = lastError(syscall, name);
  if (errnoOf(error) === 'EOPNOTSUPP') return [];
  throw error;
}

function valueOf(length: number, syscall: string, name?: Name): Uint8Array | undefined {
  if (length >= 0) return new Uint8Array(valueBuffer().bytes.buffer as ArrayBuffer, 0, length).slice();
  const error = lastError(syscall, name);
  if (errnoOf(error) === 'ENODATA') return undefined;
  throw error;
}
