import { StrataError } from '../errors/index.ts';
import { displayBytes } from '../lib/bytes.ts';
import { errnoNumber, SyscallError } from './errno.ts';
import { addressOf, lastErrno } from './ffi.ts';

/** File name, path or link target: the kernel's bytes, or text, which is encoded as UTF-8. */
export type Name = Uint8Array | string;

// PATH_MAX: the largest number of bytes that the kernel reads of a name, its NUL included.
export const pathMax = 4096;
const nameSlots = 2;
const structSize = 1024;

/** Memory from which calls read names, and into which they write structures; allocated once per thread. */
export interface Scratch {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Address of `bytes`. */
  readonly address: number;
  /** Offset and address of the second name's slot, which calls that return a name reuse. */
  readonly second: number;
  readonly secondAddress: number;
  /** Offset and address of {@link structSize} bytes for a structure. */
  readonly struct: number;
  readonly structAddress: number;
}

let allocated: Scratch | undefined;

export function scratch(): Scratch {
  allocated ??= allocate();
  return allocated;
}

function allocate(): Scratch {
  const bytes = Buffer.from(new ArrayBuffer(nameSlots * pathMax + structSize));
  const address = Number(addressOf(bytes));
  const struct = nameSlots * pathMax;
  const view = new DataView(bytes.buffer);
  return {
    bytes,
    view,
    address,
    second: pathMax,
    secondAddress: address + pathMax,
    struct,
    structAddress: address + struct,
  };
}

/**
 * Copies a name into the first (0) or second (1) slot and returns its address, valid until that slot is filled again.
 * @throws ERR_PATH_HAS_NUL, or a {@link SyscallError} with ENAMETOOLONG
 */
export function nameAddress(name: Name, slot: 0 | 1 = 0): number {
  const { bytes, address } = scratch();
  const start = slot * pathMax;
  const length = typeof name === 'string' ? putText(bytes, start, name) : putBytes(bytes, start, name);
  if (length < 0) throw invalidName(name);
  bytes[start + length] = 0;
  return address + start;
}

// Both return -1 for a name that does not fit or contains a NUL.
function putText(bytes: Buffer, start: number, name: string): number {
  if (name.length >= pathMax || Buffer.byteLength(name) >= pathMax || name.includes('\0')) return -1;
  return bytes.write(name, start, pathMax - 1, 'utf8');
}

// A loop is faster than Uint8Array.set for names of usual length, and finds a NUL on the way.
function putBytes(bytes: Buffer, start: number, name: Uint8Array): number {
  const { length } = name;
  if (length >= pathMax) return -1;
  for (let i = 0; i < length; i++) {
    const byte = name[i] as number;
    if (byte === 0) return -1;
    bytes[start + i] = byte;
  }
  return length;
}

function invalidName(name: Name): Error {
  const text = displayName(name);
  if (text.includes('\0')) {
    return new StrataError({
      code: 'ERR_PATH_HAS_NUL',
      message: `path ${JSON.stringify(text.slice(0, 200))}: contains a NUL byte`,
      hint: 'Linux has no such names: remove the NUL byte from the path.',
    });
  }
  return pathTooLong(name);
}

/** Returns ENAMETOOLONG for a path of {@link pathMax} bytes or more. */
export function pathTooLong(path: Name): SyscallError {
  const text = `${displayName(path).slice(0, 200)}…`;
  return new SyscallError({ syscall: 'path', errno: errnoNumber('ENAMETOOLONG'), path: text });
}

/** Copies a name, NUL-terminated, into new memory, for calls that take more names than there are slots. */
export function cString(name: Name): Buffer {
  nameAddress(name);
  return Buffer.concat([typeof name === 'string' ? Buffer.from(name) : name, Buffer.of(0)]);
}

/** Returns a name as text for a message; see {@link displayBytes}. */
export const displayName = (name: Name): string => (typeof name === 'string' ? name : displayBytes(name));

/** Returns the error of the call that just failed; must be called before any other foreign call. */
export function lastError(syscall: string, name?: Name): SyscallError {
  const errno = lastErrno();
  return new SyscallError({ syscall, errno, path: name === undefined ? undefined : displayName(name) });
}

/** Copies scratch memory into a new array. */
export function copyOf(bytes: Buffer, offset: number, length: number): Uint8Array {
  return new Uint8Array(bytes.buffer as ArrayBuffer, offset, length).slice();
}
