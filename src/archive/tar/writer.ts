import { isUtf8 } from 'node:buffer';
import { concatBytes, utf8 } from '../../lib/bytes.ts';
import { blockBytes, flag, paddingBytes } from './block.ts';
import { unencodable } from './failures.ts';
import { defaultTarLimits } from './parser.ts';
import { encodeXattrName, type PaxFields, paxRecordBytes, writePaxRecord, xattrPrefix } from './pax.ts';
import { encodeSparseMap } from './sparse.ts';
import type { SparseRun, TarEntry, TarEntryType, TarTime } from './types.ts';
import { fieldLimits, splitPath, type UstarFields, writeUstarBlock } from './ustar-block.ts';

/** Fields of a header to encode. A parsed {@link TarEntry} can be passed as it is. */
export type TarHeaderFields = Pick<TarEntry, 'path' | 'type' | 'mode' | 'uid' | 'gid' | 'mtime'> &
  Partial<
    Pick<
      TarEntry,
      'userName' | 'groupName' | 'sizeBytes' | 'linkPath' | 'deviceMajor' | 'deviceMinor' | 'xattrs' | 'sparse'
    >
  >;

const typeflags: Readonly<Record<TarEntryType, number>> = {
  file: flag.file,
  hardlink: flag.hardlink,
  symlink: flag.symlink,
  'character-device': flag.characterDevice,
  'block-device': flag.blockDevice,
  directory: flag.directory,
  fifo: flag.fifo,
};

// Programs without PAX see the PAX header as a member. They do not extract this name by mistake.
const paxHeaderPath = utf8('././@PaxHeader');
const paxText = ['path', 'linkpath', 'uname', 'gname', 'GNU.sparse.name'] as const;
const zeros = new Uint8Array(2 * blockBytes);

/** End of an archive: two blocks of zeros. Shared memory, not to be changed. */
export const tarEnd: Uint8Array = zeros;

/** Returns the zeros that pad a body of `storedBytes` to a whole block. Shared memory, not to be changed. */
export const tarPadding = (storedBytes: number): Uint8Array => zeros.subarray(0, paddingBytes(storedBytes));

/** Returns the number of body bytes that must follow the header: for a sparse file, those of its runs. */
export const tarStoredBytes = (fields: Pick<TarHeaderFields, 'sizeBytes' | 'sparse'>): number =>
  fields.sparse ? fields.sparse.reduce((total, run) => total + run.length, 0) : (fields.sizeBytes ?? 0);

/**
 * Encodes everything before an entry's body: a PAX header for fields that do not fit, the ustar header, and the map of a sparse
 * file (GNU's PAX format 1.0). The body comes next, then {@link tarPadding}. Equal fields give equal bytes in every version of
 * this library, because layers are remade from them.
 *
 * Names that fit are written as they are, whatever their encoding. Of the times only mtime is written, to the nanosecond.
 *
 * ```ts
 * const [path, body] = [Buffer.from('hello'), Buffer.from('Hello!\n')];
 * const mtime = { seconds: 0, nanoseconds: 0 };
 * const fields = { path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime, sizeBytes: body.length } as const;
 * const archive = [encodeTarHeader(fields), body, tarPadding(body.length), tarEnd];
 * ```
 *
 * @throws {@link StrataError} `invalid-argument` with ERR_TAR_UNENCODABLE
 */
export function encodeTarHeader(fields: TarHeaderFields): Uint8Array {
  const { path } = fields;
  if (path.length === 0 || path.includes(0)) throw unencodable('path', 'is empty or contains a NUL byte');
  const records: PaxFields = new Map();
  const map = fields.sparse ? encodeSparseMap(checkSparse(fields), fields.sizeBytes ?? 0) : zeros.subarray(0, 0);
  const block: UstarFields = {
    ...(fields.sparse ? sparsePath(fields, records) : ustarPath(path, records)),
    typeflag: typeflags[fields.type],
    mode: fields.mode & 0o7777,
    uid: number(records, 'uid', fields.uid, fieldLimits.owner),
    gid: number(records, 'gid', fields.gid, fieldLimits.owner),
    sizeBytes: number(records, 'size', bodyBytes(fields) + map.length, fieldLimits.size),
    mtimeSeconds: time(records, fields.mtime),
    linkPath: text(records, 'linkpath', fields.linkPath, fieldLimits.linkPath),
    userName: text(records, 'uname', fields.userName, fieldLimits.name),
    groupName: text(records, 'gname', fields.groupName, fieldLimits.name),
    deviceMajor: deviceNumber('device major', fields.deviceMajor),
    deviceMinor: deviceNumber('device minor', fields.deviceMinor),
  };
  for (const [name, value] of fields.xattrs ?? []) {
    if (!/^[\x01-\xff]+$/.test(name)) throw unencodable('xattr name', 'is empty or contains what is no byte or NUL');
    records.set(xattrPrefix + encodeXattrName(name), value);
  }
  return assemble(records, block, map);
}

function bodyBytes(fields: TarHeaderFields): number {
  const size = tarStoredBytes(fields);
  if (size !== 0 && fields.type !== 'file') throw unencodable('size', `belongs to files only, not to a ${fields.type}`);
  return size;
}

function ustarPath(path: Uint8Array, records: PaxFields): { path: Uint8Array; prefix?: Uint8Array } {
  const split = splitPath(path);
  if (split) return { path: split.name, prefix: split.prefix };
  records.set('path', path);
  // Some readers take a truncated name that happens to end in a slash for a directory (golang/go#24599).
  let end: number = fieldLimits.path;
  while (path[end - 1] === 0x2f) end--;
  return { path: path.subarray(0, end) };
}

function sparsePath({ path, sizeBytes = 0 }: TarHeaderFields, records: PaxFields): { path: Uint8Array } {
  records.set('GNU.sparse.major', '1');
  records.set('GNU.sparse.minor', '0');
  records.set('GNU.sparse.name', path);
  records.set('GNU.sparse.realsize', String(sizeBytes));
  // Programs without sparse files extract map and runs under this name, not under the file's own.
  return { path: concatBytes([utf8('GNUSparseFile.0/'), path.subarray(path.lastIndexOf(0x2f) + 1)]) };
}

function checkSparse({ type, sparse = [], sizeBytes = 0 }: TarHeaderFields): readonly SparseRun[] {
  if (type !== 'file') throw unencodable('sparse map', 'belongs to files only');
  let end = 0;
  for (const [i, run] of sparse.entries()) {
    if (!(run.offset >= end && run.length > 0 && run.offset + run.length <= sizeBytes)) {
      throw unencodable('sparse map', 'is out of order, has an empty run or reaches beyond the file');
    }
    // GNU tar reads whole blocks for each run.
    if (run.length % blockBytes !== 0 && i < sparse.length - 1) {
      throw unencodable('sparse map', `has a run of ${run.length} bytes, which is no multiple of ${blockBytes}`);
    }
    end = run.offset + run.length;
  }
  return sparse;
}

function text(records: PaxFields, key: string, value: Uint8Array | undefined, limit: number): Uint8Array {
  if (value === undefined) return zeros.subarray(0, 0);
  if (value.includes(0)) throw unencodable(key, 'contains a NUL byte');
  if (value.length > limit) records.set(key, value);
  return value;
}

function number(records: PaxFields, key: string, value: number, limit: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw unencodable(key, `is ${value}, no whole number from 0 up`);
  if (value <= limit) return value;
  records.set(key, String(value));
  return 0;
}

function deviceNumber(field: string, value: number = 0): number {
  if (Number.isInteger(value) && value >= 0 && value <= fieldLimits.owner) return value;
  throw unencodable(field, `is ${value}, outside 0 to ${fieldLimits.owner}`);
}

function time(records: PaxFields, { seconds, nanoseconds }: TarTime): number {
  if (
    !Number.isSafeInteger(seconds) ||
    !Number.isInteger(nanoseconds) ||
    nanoseconds < 0 ||
    nanoseconds > 999_999_999
  ) {
    throw unencodable('mtime', `is ${seconds} s and ${nanoseconds} ns, no time`);
  }
  const fits = seconds >= 0 && seconds <= fieldLimits.size;
  if (!fits || nanoseconds > 0) records.set('mtime', paxTime(seconds, nanoseconds));
  return fits ? seconds : 0;
}

/** Formats a PAX time. Its digits count away from zero, nanoseconds forward: -1.75 is -2 s and 250,000,000 ns. */
function paxTime(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return String(seconds);
  const [sign, whole, fraction] =
    seconds < 0 ? ['-', -(seconds + 1), 1_000_000_000 - nanoseconds] : ['', seconds, nanoseconds];
  return `${sign}${whole}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
}

function assemble(records: PaxFields, block: UstarFields, map: Uint8Array): Uint8Array {
  // PAX text is UTF-8 unless declared otherwise. Without this record bsdtar extracts everything and then fails.
  if (paxText.some((key) => isForeign(records.get(key)))) records.set('hdrcharset', 'BINARY');
  // Sorted, so that the bytes do not depend on the order in which a filesystem lists xattrs.
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1));
  const recordBytes = sorted.reduce((total, [key, value]) => total + paxRecordBytes(key, value), 0);
  if (recordBytes > defaultTarLimits.recordBytes) {
    throw unencodable('extended header', `would be larger than ${defaultTarLimits.recordBytes} bytes`);
  }
  const paxBytes = recordBytes === 0 ? 0 : blockBytes + recordBytes + paddingBytes(recordBytes);
  const out = new Uint8Array(paxBytes + blockBytes + map.length);
  if (recordBytes > 0) {
    writeUstarBlock(out, 0, { path: paxHeaderPath, typeflag: flag.paxLocal, mode: 0o644, sizeBytes: recordBytes });
    let at = blockBytes;
    for (const [key, value] of sorted) at = writePaxRecord(out, at, key, value);
  }
  writeUstarBlock(out, paxBytes, block);
  out.set(map, paxBytes + blockBytes);
  return out;
}

const isForeign = (value: Uint8Array | string | undefined): boolean => typeof value === 'object' && !isUtf8(value);
