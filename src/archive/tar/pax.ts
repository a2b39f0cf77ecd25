import { concatBytes, utf8 } from '../../lib/bytes.ts';
import { badRecord } from './failures.ts';
import { parseDecimal } from './numbers.ts';

/** Records of one PAX header: key as latin1 text, value as bytes. The last record of a key counts. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

export const xattrPrefix = 'SCHILY.xattr.';

const comma = utf8(',');
const noNulInside: ReadonlySet<string> = new Set(['path', 'linkpath', 'uname', 'gname']);

/**
 * Reads the body of a PAX header: `LENGTH KEY=VALUE\n` repeated. Values are views into `body`.
 * @throws {@link StrataError} ERR_TAR_PAX_RECORD
 */
export function parsePaxRecords(body: Uint8Array, offset: number): PaxRecords {
  const records = new Map<string, Uint8Array>();
  // Sparse format 0.0 repeats keys, against PAX's own rule; its numbers become the map of 0.1, joined by commas.
  const sparsePairs: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : parseDecimal(body, at, space);
    // 5 is the shortest there is: "5 a=\n"; the comparison is false for NaN
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
 * The name of an xattr from its PAX key without the prefix. GNU tar cannot write `=` in a key and stores `%3D`, and
 * `%25` for a `%` that would be misread.
 */
export const decodeXattrName = (name: string): string =>
  name.includes('%') ? name.replace(/%(?:3D|25)/g, (code) => (code === '%3D' ? '=' : '%')) : name;

/** The reverse of {@link decodeXattrName}; leaves `%` alone where nobody misreads it, since Go decodes nothing. */
export const encodeXattrName = (name: string): string =>
  /[%=]/.test(name) ? name.replace(/=|%(?=3D|25)/g, (char) => (char === '=' ? '%3D' : '%25')) : name;

/** The body of a PAX header, sorted by key so that it does not depend on who asks. Keys are latin1 text. */
export function encodePaxRecords(records: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1));
  return concatBytes(sorted.map(([key, value]) => encodePaxRecord(Buffer.from(key, 'latin1'), value)));
}

function encodePaxRecord(key: Uint8Array, value: Uint8Array): Uint8Array {
  // the length counts its own digits
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return concatBytes([utf8(`${length} `), key, utf8('='), value, utf8('\n')]);
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
