import { invariant } from '../lib/invariant.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from './constants.ts';
import { libc } from './libc.ts';
import { type Name, nameAddress, scratch } from './scratch.ts';

/**
 * Raw calls on a name in a directory; a symlink is not followed. Each returns the kernel's result: a negative number is a
 * failure, and errno has the reason. `address` and `length` are the buffer of a value or a list.
 */
export interface XattrCalls {
  list(dirFd: number, name: Name, address: number, length: number): number;
  get(dirFd: number, name: Name, attribute: string, address: number, length: number): number;
  set(dirFd: number, name: Name, attribute: string, address: number, length: number): number;
  remove(dirFd: number, name: Name, attribute: string): number;
}

/** Calls of Linux 6.13, setxattrat(2) and its siblings: they take a third of the time of a path through /proc. */
export const directCalls: XattrCalls = {
  list(dirFd, name, address, length) {
    const { syscall, numbers } = libc();
    return Number(syscall(numbers.listxattrat, dirFd, nameAddress(name), AT_SYMLINK_NOFOLLOW, address, length, 0));
  },
  get(dirFd, name, attribute, address, length) {
    const { syscall, numbers } = libc();
    const args = putArguments(address, length);
    const path = nameAddress(name);
    const attributeName = attributeAddress(attribute);
    return Number(syscall(numbers.getxattrat, dirFd, path, AT_SYMLINK_NOFOLLOW, attributeName, args, argumentsSize));
  },
  set(dirFd, name, attribute, address, length) {
    const { syscall, numbers } = libc();
    const args = putArguments(address, length);
    const path = nameAddress(name);
    const attributeName = attributeAddress(attribute);
    return Number(syscall(numbers.setxattrat, dirFd, path, AT_SYMLINK_NOFOLLOW, attributeName, args, argumentsSize));
  },
  remove(dirFd, name, attribute) {
    const { syscall, numbers } = libc();
    const path = nameAddress(name);
    return Number(syscall(numbers.removexattrat, dirFd, path, AT_SYMLINK_NOFOLLOW, attributeAddress(attribute), 0, 0));
  },
};

/** Calls of every kernel, which take paths only; the descriptor's link in /proc leads to its directory. */
export const procCalls: XattrCalls = {
  list(dirFd, name, address, length) {
    return Number(libc().llistxattr(pathAddress(dirFd, name), address, length));
  },
  get(dirFd, name, attribute, address, length) {
    return Number(libc().lgetxattr(pathAddress(dirFd, name), attributeAddress(attribute), address, length));
  },
  set(dirFd, name, attribute, address, length) {
    return libc().lsetxattr(pathAddress(dirFd, name), attributeAddress(attribute), address, length, 0);
  },
  remove(dirFd, name, attribute) {
    return libc().lremovexattr(pathAddress(dirFd, name), attributeAddress(attribute));
  },
};

/** Copies an attribute's name, latin1 text with one character a byte, into the second slot and returns its address. */
export function attributeAddress(attribute: string): number {
  const bytes = Buffer.from(attribute, 'latin1');
  invariant(bytes.toString('latin1') === attribute, 'attribute names are latin1');
  return nameAddress(bytes, 1);
}

// struct xattr_args: u64 address, u32 size, u32 flags.
const argumentsSize = 16;

function putArguments(address: number, length: number): number {
  const { view, struct, structAddress } = scratch();
  view.setBigUint64(struct, BigInt(address), true);
  view.setUint32(struct + 8, length, true);
  view.setUint32(struct + 12, 0, true);
  return structAddress;
}

function pathAddress(dirFd: number, name: Name): number {
  const absolute = typeof name === 'string' ? name.startsWith('/') : name[0] === 0x2f;
  if (dirFd === AT_FDCWD || absolute) return nameAddress(name);
  const directory = `/proc/self/fd/${dirFd}/`;
  return nameAddress(typeof name === 'string' ? directory + name : Buffer.concat([Buffer.from(directory), name]));
}
