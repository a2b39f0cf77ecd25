import { concatBytes, utf8 } from '../../lib/bytes.ts';
import { badRecord } from './failures.ts';
import { parseDecimal } from './numbers.ts';

/** Records of one PAX header: keys as latin1 text, values as bytes. The last record of a key wins. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

export const xattrPrefix = 'SCHILY.xattr.';

const comma = utf8(',');
const noNulInside: ReadonlySet<string> = new Set(['path', 'linkpath', 'uname', 'gname']);

/**
 * Parses the body of a PAX header: `LENGTH KEY=VALUE\n` repeated. Values are views into `body`.
 * @throws {@link StrataError} ERR_TAR_PAX_RECORD
 */
export function parsePaxRecords(body: Uint8Array, offset: number): PaxRecords {
  const records = new Map<string, Uint8Array>();
  // Sparse format 0.0 repeats keys, against PAX's own rule. Its numbers are joined by commas, as the map of 0.1 has them.
  const sparsePairs: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : parseDecimal(body, at, space);
    // The shortest record, "5 a=\n", has 5 bytes. The comparison is false for NaN.
    if (!(length >= 5 && at + length <= body.length && at + length > space + 1)) {
      throw badRecord(offset, 'a record has no valid length');
    }
    const end = at + length;
    if (body[end - 1] !== 0x0a) throw badRecord(offset, 'a record does not end in a line feed');
    const equals = body.indexOf(0x3d, space + 1);
    if (equals <= space + 1 || equals >= end) throw badRecord(offset, 'a record has no key');
    const key = latin1(body, space + 1, equals);
    const value = body.subarray(equals + 1, end - 1);
    if (key.includes('\0') || (noNulInside.has(key) && value.includes(0))) {
      throw badRecord(offset, 'a name contains a NUL byte');
    }
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      const due = sparsePairs.length % 2 === 0 ? 'GNU.sparse.offset' : 'GNU.sparse.numbytes';
      if (key !== due || value.includes(0x2c)) throw badRecord(offset, 'sparse offsets and lengths do not alternate');
      sparsePairs.push(value);
    } else {
      records.set(key, value);
    }
    at = end;
  }
  if (sparsePairs.length > 0) {
    records.set('GNU.sparse.map', concatBytes(sparsePairs.flatMap((value, i) => (i === 0 ? [value] : [comma, value]))));
  }
  return records;
}

/**
 * Returns the name of an xattr from its PAX key without the prefix. GNU tar cannot write `=` in a key and stores `%3D`, and
 * `%25` for a `%` that would be misread.
 */
export const decodeXattrName = (name: string): string =>
  name.includes('%') ? name.replace(/%(?:3D|25)/g, (code) => (code === '%3D' ? '=' : '%')) : name;

/** Reverses {@link decodeXattrName}. Keeps a `%` that is not ambiguous, because Go decodes nothing. */
export const encodeXattrName = (name: string): string =>
  /[%=]/.test(name) ? name.replace(/=|%(?=3D|25)/g, (char) => (char === '=' ? '%3D' : '%25')) : name;

/** Records to write; values are bytes or ASCII text. */
export type PaxFields = Map<string, Uint8Array | string>;

/** Returns the size of one record, including its length field, which counts its own digits. */
export function paxRecordBytes(key: string, value: Uint8Array | string): number {
  const rest = key.length + value.length + 3;
  const guess = rest + digits(rest);
  return rest + digits(guess);
}

/** Writes `LENGTH KEY=VALUE\n` at offset `at` and returns the offset of its end. Keys are latin1 text. */
export function writePaxRecord(out: Uint8Array, at: number, key: string, value: Uint8Array | string): number {
  let end = writeText(out, at, `${paxRecordBytes(key, value)} ${key}=`);
  if (typeof value === 'string') {
    end = writeText(out, end, value);
  } else {
    out.set(value, end);
    end += value.length;
  }
  out[end] = 0x0a;
  return end + 1;
}

/** Writes latin1 text at offset `at` and returns the offset of its end. */
export function writeText(out: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

const digits = (value: number): number => String(value).length;

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
