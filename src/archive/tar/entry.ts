import { flag, type HeaderBlock } from './block.ts';
import { badNumber, multiVolumeFile, unknownType } from './failures.ts';
import { parseDecimal, parsePaxTime } from './numbers.ts';
import { decodeXattrName, type PaxRecords, xattrPrefix } from './pax.ts';
import type { TarEntry, TarEntryType, TarTime } from './types.ts';

/** Extension records that come before a header block and change its fields. */
export interface Extensions {
  readonly pax: PaxRecords | undefined;
  readonly gnuName: Uint8Array | undefined;
  readonly gnuLinkName: Uint8Array | undefined;
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();
const maxDeviceNumber = 0xffff_ffff;

/**
 * Makes the entry that a header block and its extensions describe. `sizeBytes` and `storedSizeBytes` both get the archive's
 * size field; the parser corrects them for sparse files and types without a body.
 * @throws {@link StrataError} ERR_TAR_NUMBER, ERR_TAR_TYPE
 */
export function makeEntry(block: HeaderBlock, extensions: Extensions, offset: number): TarEntry {
  const { pax } = extensions;
  // GNU's long names win over PAX, as in Go.
  const path = extensions.gnuName ?? bytesOf(pax, 'path', block.path);
  const type = typeOf(block.typeflag, path, offset);
  if (type === 'character-device' || type === 'block-device') {
    if (!isDeviceNumber(block.deviceMajor)) throw badNumber(offset, 'device major');
    if (!isDeviceNumber(block.deviceMinor)) throw badNumber(offset, 'device minor');
  }
  timeOf(pax, 'atime', offset);
  timeOf(pax, 'ctime', offset);
  const sizeBytes = numberOf(pax, 'size', block.sizeBytes, offset);
  return {
    path,
    type,
    typeflag: block.typeflag,
    mode: permissionBits(block.mode),
    uid: numberOf(pax, 'uid', block.uid, offset),
    gid: numberOf(pax, 'gid', block.gid, offset),
    userName: bytesOf(pax, 'uname', block.userName),
    groupName: bytesOf(pax, 'gname', block.groupName),
    sizeBytes,
    mtime: timeOf(pax, 'mtime', offset) ?? { seconds: block.mtimeSeconds, nanoseconds: 0 },
    linkPath: extensions.gnuLinkName ?? bytesOf(pax, 'linkpath', block.linkPath),
    deviceMajor: block.deviceMajor,
    deviceMinor: block.deviceMinor,
    xattrs: pax === undefined ? noXattrs : xattrsOf(pax),
    sparse: undefined,
    storedSizeBytes: sizeBytes,
  };
}

/**
 * Returns a decimal PAX value; `otherwise` when it is absent or empty.
 * @throws {@link StrataError} ERR_TAR_NUMBER
 */
export function numberOf(pax: PaxRecords | undefined, key: string, otherwise: number, offset: number): number {
  const value = pax?.get(key);
  if (value === undefined || value.length === 0) return otherwise;
  const parsed = parseDecimal(value);
  if (Number.isNaN(parsed)) throw badNumber(offset, key);
  return parsed;
}

/** Returns a PAX value; `otherwise` when it is absent or empty, since an empty value means "as in the header block". */
export function bytesOf(pax: PaxRecords | undefined, key: string, otherwise: Uint8Array): Uint8Array {
  const value = pax?.get(key);
  return value === undefined || value.length === 0 ? otherwise : value;
}

function timeOf(pax: PaxRecords | undefined, key: string, offset: number): TarTime | undefined {
  const value = pax?.get(key);
  if (value === undefined || value.length === 0) return undefined;
  const parsed = parsePaxTime(value);
  if (parsed === undefined) throw badNumber(offset, key);
  return parsed;
}

function typeOf(typeflag: number, path: Uint8Array, offset: number): TarEntryType {
  switch (typeflag) {
    case flag.hardlink:
      return 'hardlink';
    case flag.symlink:
      return 'symlink';
    case flag.characterDevice:
      return 'character-device';
    case flag.blockDevice:
      return 'block-device';
    case flag.directory:
    case flag.gnuDirectory:
      return 'directory';
    case flag.fifo:
      return 'fifo';
    case flag.oldFile:
      // v7 had no typeflag for directories, only the trailing slash.
      return path[path.length - 1] === 0x2f ? 'directory' : 'file';
    case flag.file:
    case flag.contiguousFile:
    case flag.gnuSparse:
      return 'file';
    case flag.gnuMultiVolume:
      throw multiVolumeFile(path, offset);
    default:
      // POSIX asks to read it as a file. Docker refuses it, and a wrong guess would stay in an image for good.
      throw unknownType(typeflag, path, offset);
  }
}

function xattrsOf(pax: PaxRecords): ReadonlyMap<string, Uint8Array> {
  let xattrs: Map<string, Uint8Array> | undefined;
  for (const [key, value] of pax) {
    if (!key.startsWith(xattrPrefix)) continue;
    xattrs ??= new Map();
    xattrs.set(decodeXattrName(key.slice(xattrPrefix.length)), value);
  }
  return xattrs ?? noXattrs;
}

const isDeviceNumber = (value: number): boolean => value >= 0 && value <= maxDeviceNumber;

/** Returns the low 12 bits, also of base-256 values beyond 32 bits, where `&` would be wrong. */
const permissionBits = (mode: number): number => ((mode % 0o10000) + 0o10000) % 0o10000;
