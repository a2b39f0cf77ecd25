import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from './constants.ts';
import { addressOf } from './ffi.ts';
import { closeFd, openAt } from './fs-at.ts';
import { libc } from './libc.ts';
import { lastError, type Name } from './scratch.ts';
import { type FileType, fileTypeOf, statAtIfThere } from './stat.ts';

export interface DirectoryEntry {
  readonly name: Uint8Array;
  readonly type: FileType;
}

/**
 * getdents64(2): what a directory holds, without `.` and `..`, in the filesystem's order. `fd` must be open for
 * reading; it is read from its start, whatever was read before.
 */
export function listFd(fd: number): DirectoryEntry[] {
  if (Number(libc().lseek(fd, 0, 0)) < 0) throw lastError('lseek');
  const { syscall, numbers } = libc();
  const { bytes, view, address } = dents();
  const entries: DirectoryEntry[] = [];
  for (;;) {
    const length = Number(syscall(numbers.getdents64, fd, address, bytes.length, 0, 0, 0));
    if (length < 0) throw lastError('getdents64');
    if (length === 0) return entries;
    for (let offset = 0; offset < length; ) {
      const entry = readEntry(fd, bytes, offset);
      if (entry) entries.push(entry);
      offset += view.getUint16(offset + 16, true);
    }
  }
}

/** {@link listFd} of a directory by name; a symlink is refused with ENOTDIR. */
export function listAt(dirFd: number, name: Name): DirectoryEntry[] {
  const fd = openAt(dirFd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    return listFd(fd);
  } finally {
    closeFd(fd);
  }
}

// struct linux_dirent64: u64 ino, s64 offset, u16 length, u8 type, then the name and its NUL.
const nameOffset = 19;
const dot = 0x2e;

function readEntry(fd: number, bytes: Uint8Array, offset: number): DirectoryEntry | undefined {
  const start = offset + nameOffset;
  const end = bytes.indexOf(0, start);
  if (bytes[start] === dot && (end === start + 1 || (end === start + 2 && bytes[start + 1] === dot))) return undefined;
  const name = bytes.slice(start, end);
  const type = fileTypeOf((bytes[offset + 18] as number) << 12);
  // Some filesystems leave the type out (DT_UNKNOWN).
  return { name, type: type === 'unknown' ? (statAtIfThere(fd, name)?.type ?? 'unknown') : type };
}

let buffer: { readonly bytes: Uint8Array; readonly view: DataView; readonly address: number } | undefined;

function dents(): NonNullable<typeof buffer> {
  if (!buffer) {
    const bytes = new Uint8Array(32 * 1024);
    buffer = { bytes, view: new DataView(bytes.buffer), address: Number(addressOf(bytes)) };
  }
  return buffer;
}
