import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from './constants.ts';
import { DirectoryListing } from './directory-listing.ts';
import { addressOf } from './ffi.ts';
import { closeFd, openAt } from './fs-at.ts';
import { libc } from './libc.ts';
import { lastError, type Name } from './scratch.ts';
import { fileTypeOf, statAtIfThere } from './stat.ts';

/**
 * Lists a directory, getdents64(2), without `.` and `..`, in the filesystem's order. `fd` must be open for reading; it is read
 * from its start, whatever its position.
 */
export function listFd(fd: number): DirectoryListing {
  if (Number(libc().lseek(fd, 0, 0)) < 0) throw lastError('lseek');
  const { syscall, numbers } = libc();
  const { bytes, view, address } = dents();
  let listing: DirectoryListing | undefined;
  for (;;) {
    const length = Number(syscall(numbers.getdents64, fd, address, bytes.length, 0, 0, 0));
    if (length < 0) throw lastError('getdents64');
    // Large enough for a directory that one read returns completely.
    listing ??= new DirectoryListing(length, Math.ceil(length / minEntryBytes));
    if (length === 0) return listing;
    for (let offset = 0; offset < length; ) {
      addEntry(listing, fd, bytes, offset);
      offset += view.getUint16(offset + 16, true);
    }
  }
}

/** Lists a directory by name, as {@link listFd} does. A symlink gives ENOTDIR. */
export function listAt(dirFd: number, name: Name): DirectoryListing {
  const fd = openAt(dirFd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    return listFd(fd);
  } finally {
    closeFd(fd);
  }
}

// struct linux_dirent64: u64 ino, s64 offset, u16 length, u8 type, then the name and its NUL.
const nameOffset = 19;
const minEntryBytes = 24;
const dot = 0x2e;

function addEntry(listing: DirectoryListing, fd: number, bytes: Uint8Array, offset: number): void {
  const start = offset + nameOffset;
  const end = bytes.indexOf(0, start);
  if (bytes[start] === dot && (end === start + 1 || (end === start + 2 && bytes[start + 1] === dot))) return;
  const type = fileTypeOf((bytes[offset + 18] as number) << 12);
  // Some filesystems do not report the type (DT_UNKNOWN).
  const known = type === 'unknown' ? (statAtIfThere(fd, bytes.slice(start, end))?.type ?? type) : type;
  listing.add(known, bytes, start, end);
}

let buffer: { readonly bytes: Uint8Array; readonly view: DataView; readonly address: number } | undefined;

function dents(): NonNullable<typeof buffer> {
  if (!buffer) {
    const bytes = new Uint8Array(32 * 1024);
    buffer = { bytes, view: new DataView(bytes.buffer), address: Number(addressOf(bytes)) };
  }
  return buffer;
}
