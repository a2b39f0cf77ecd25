// Random changes to a tree, as a container might make them. An operation that is impossible does nothing, so that any
// list of them is valid in any tree.
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { AT_FDCWD } from '../../src/sys/constants.ts';
import { chmodAt, chownAt, utimensAt } from '../../src/sys/file-attributes.ts';
import { mknodAt } from '../../src/sys/fs-at.ts';
import { setXattrAt } from '../../src/sys/xattr.ts';
import { fc } from './properties.ts';

export interface Operation {
  readonly kind:
    | 'write'
    | 'append'
    | 'sparse'
    | 'mkdir'
    | 'symlink'
    | 'link'
    | 'remove'
    | 'rename'
    | 'chmod'
    | 'chown'
    | 'xattr'
    | 'capability'
    | 'node'
    | 'touch';
  readonly path: string;
  readonly other: string;
  readonly number: number;
}

// Few names, so that operations hit the same paths; one name is not UTF-8.
const name = fc.constantFrom('a', 'b', 'c', 'dir', '\xfe', 'a-');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));

export const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom(
    'write',
    'write',
    'mkdir',
    'mkdir',
    'append',
    'sparse',
    'symlink',
    'link',
    'link',
    'remove',
    'remove',
    'rename',
    'rename',
    'chmod',
    'chown',
    'xattr',
    'capability',
    'node',
    'touch',
  ),
  path,
  other: path,
  number: fc.nat({ max: 1 << 30 }),
});

/** Performs the operations that are possible; `root` is absolute. */
export function operate(root: string, operations: readonly Operation[]): void {
  for (const one of operations) {
    try {
      perform(root, one);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      const errno = error instanceof Error && 'errnoName' in error ? String(error.errnoName) : code;
      if (!impossible.has(errno)) throw error;
    }
  }
}

const impossible = new Set([
  'ENOENT',
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'ENOTEMPTY',
  'EINVAL',
  'EPERM',
  'EXDEV',
  'ELOOP',
  'EOPNOTSUPP',
  'ERR_FS_EISDIR',
  'ENXIO',
  'EBUSY',
]);

function perform(root: string, { kind, path, other, number }: Operation): void {
  const full = (place: string): Buffer => Buffer.from(`${root}/${place}`, 'latin1');
  const at = full(path);
  switch (kind) {
    case 'write':
      // Not through a symlink and not into a device.
      if (isFile(at) !== false) writeFileSync(at, 'w'.repeat(number % 5000), { mode: 0o600 | (number % 0o200) });
      return;
    case 'append':
      if (isFile(at) === true) appendFileSync(at, String(number));
      return;
    case 'sparse':
      if (isFile(at) !== false) makeSparse(at, number);
      return;
    case 'mkdir':
      return mkdirSync(at, { mode: 0o700 | (number % 0o100) });
    case 'symlink':
      return symlinkSync(Buffer.from(number % 2 === 0 ? other : `/${other}`, 'latin1'), at);
    case 'link':
      return linkSync(full(other), at);
    case 'remove':
      return rmSync(at, { recursive: true });
    case 'rename':
      return renameSync(at, full(other));
    case 'chmod':
      return chmodAt(AT_FDCWD, at, 0o600 | (number % 0o10000));
    case 'chown':
      return chownAt(AT_FDCWD, at, number % 3, number % 70_000);
    case 'xattr':
      return setXattrAt(AT_FDCWD, at, `user.${number % 2}`, Buffer.from([0, number & 0xff, 0x3d, 0x0a]));
    case 'capability':
      if (isFile(at) === true) setXattrAt(AT_FDCWD, at, 'security.capability', capability(number));
      return;
    case 'node':
      if (number % 2 === 0) return mknodAt(AT_FDCWD, at, 'fifo', 0o640);
      return mknodAt(AT_FDCWD, at, 'character-device', 0o600, 1, 3);
    case 'touch': {
      const time = { seconds: number, nanoseconds: number % 1_000_000_000 };
      return utimensAt(AT_FDCWD, at, time, time);
    }
  }
}

/** Undefined when the path does not exist. */
function isFile(path: Buffer): boolean | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile();
}

function makeSparse(path: Buffer, number: number): void {
  const fd = openSync(path, 'w', 0o644);
  try {
    writeSync(fd, 'begin', 0);
    writeSync(fd, 'far away', (1 << 20) + (number % (1 << 20)));
    ftruncateSync(fd, 3 << 20);
  } finally {
    closeSync(fd);
  }
}

/** Returns a VFS_CAP_REVISION_2 capability with some permitted bits. */
function capability(number: number): Buffer {
  const value = Buffer.alloc(20);
  value.writeUInt32LE(0x02000001, 0);
  value.writeUInt32LE(number & 0xff, 4);
  return value;
}
