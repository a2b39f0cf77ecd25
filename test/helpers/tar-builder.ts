// Builds odd tar archives by combinators, independent of the product's own writer: every field of a header can be set
// to bytes that no sane program writes. tar(dir('d'), file('d/a', 'x'), symlink('d/l', '../..'), raw(junk))
import { concatBytes, utf8 } from '../../src/lib/bytes.ts';

/** Text, written as UTF-8, or bytes, written as they are. */
export type Bytes = string | Uint8Array;

/**
 * Fields of one header block. Numbers become octal, or base-256 if too large for octal; bytes are written as they are.
 */
export interface HeaderFields {
  readonly mode?: number | Uint8Array;
  readonly uid?: number | bigint | Uint8Array;
  readonly gid?: number | bigint | Uint8Array;
  readonly size?: number | bigint | Uint8Array;
  readonly mtime?: number | bigint | Uint8Array;
  readonly checksum?: number | Uint8Array;
  readonly typeflag?: string | number;
  readonly link?: Bytes;
  readonly magic?: 'ustar' | 'gnu' | 'star' | 'v7';
  readonly uname?: Bytes;
  readonly gname?: Bytes;
  readonly major?: number | bigint | Uint8Array;
  readonly minor?: number | bigint | Uint8Array;
  readonly prefix?: Bytes;
  /** Bytes by offset, written over the finished block before its checksum is computed. */
  readonly at?: Readonly<Record<number, Bytes>>;
}

/** Fields of a whole entry. Fields that need PAX get a PAX header before it. */
export interface EntryFields extends HeaderFields {
  readonly pax?: PaxFields;
  readonly xattrs?: Readonly<Record<string, Bytes>>;
  /** Fraction of the modification time, written to PAX together with `mtime`. */
  readonly mtimeNanoseconds?: number;
  /** Bytes after the body; by default zeros up to the next block. */
  readonly padding?: Uint8Array;
}

export type PaxFields = Readonly<Record<string, Bytes>> | readonly (readonly [string, Bytes])[];

const block = 512;
const magics = {
  ustar: utf8('ustar\x0000'),
  gnu: utf8('ustar  \x00'),
  star: utf8('ustar\x0000'),
  v7: new Uint8Array(8),
};

export const bytesOf = (value: Bytes): Uint8Array => (typeof value === 'string' ? utf8(value) : value);

/** Returns one byte per character, for names that are not UTF-8. */
export const binary = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

export const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);

/** Returns a number in base-256, as GNU, star and Go write large and negative numbers. */
export function base256(value: number | bigint, width: number): Uint8Array {
  const field = new Uint8Array(width);
  let rest = BigInt.asUintN(width * 8, BigInt(value));
  for (let i = width - 1; i >= 0; i--) {
    field[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  field[0]! |= 0x80;
  return field;
}

function numeric(value: number | bigint | Uint8Array, width: number): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const octal = value.toString(8);
  return value >= 0 && octal.length < width ? utf8(`${octal.padStart(width - 1, '0')}\x00`) : base256(value, width);
}

/** Returns one header block; a name over 100 bytes is cut off. The checksum is correct unless given. */
export function header(path: Bytes, fields: HeaderFields = {}): Uint8Array {
  const out = new Uint8Array(block);
  const put = (at: number, value: Uint8Array, width = value.length): void => out.set(value.subarray(0, width), at);
  const magic = fields.magic ?? 'ustar';
  put(0, bytesOf(path), 100);
  put(100, numeric(fields.mode ?? 0o644, 8), 8);
  put(108, numeric(fields.uid ?? 0, 8), 8);
  put(116, numeric(fields.gid ?? 0, 8), 8);
  put(124, numeric(fields.size ?? 0, 12), 12);
  put(136, numeric(fields.mtime ?? 0, 12), 12);
  out[156] = typeof fields.typeflag === 'number' ? fields.typeflag : (fields.typeflag ?? '0').charCodeAt(0);
  put(157, bytesOf(fields.link ?? ''), 100);
  put(257, magics[magic]);
  put(265, bytesOf(fields.uname ?? ''), 32);
  put(297, bytesOf(fields.gname ?? ''), 32);
  if (magic !== 'v7') {
    put(329, numeric(fields.major ?? 0, 8), 8);
    put(337, numeric(fields.minor ?? 0, 8), 8);
  }
  if (fields.prefix !== undefined) put(345, bytesOf(fields.prefix), magic === 'star' ? 131 : 155);
  if (magic === 'star') put(508, utf8('tar\x00'));
  for (const [at, value] of Object.entries(fields.at ?? {})) put(Number(at), bytesOf(value));
  if (fields.checksum instanceof Uint8Array) put(148, fields.checksum, 8);
  else put(148, utf8(`${(fields.checksum ?? checksum(out)).toString(8).padStart(6, '0')}\x00 `));
  return out;
}

function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i]!;
  return sum;
}

/** Returns bytes padded to a whole block. */
export function padToBlock(bytes: Uint8Array, padding?: Uint8Array): Uint8Array {
  return concatBytes([bytes, padding ?? zeros((block - (bytes.length % block)) % block)]);
}

/** Returns the body of a PAX header; a pair may repeat a key. */
export function paxBody(fields: PaxFields): Uint8Array {
  const pairs = Array.isArray(fields) ? (fields as readonly (readonly [string, Bytes])[]) : Object.entries(fields);
  return concatBytes(pairs.map(([key, value]) => paxRecord(key, bytesOf(value as Bytes))));
}

function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = concatBytes([utf8(' '), binary(key), utf8('='), value, utf8('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return concatBytes([utf8(String(length)), rest]);
}

const special = (name: string, typeflag: string, body: Uint8Array, fields: HeaderFields): Uint8Array =>
  concatBytes([header(name, { typeflag, size: body.length, ...fields }), padToBlock(body)]);

/** Returns a PAX header for the next entry; bytes instead of records are its body as it is. */
export const pax = (records: PaxFields | Uint8Array, fields: HeaderFields = {}): Uint8Array =>
  special('PaxHeaders/x', 'x', records instanceof Uint8Array ? records : paxBody(records), fields);

export const globalPax = (records: PaxFields | Uint8Array, fields: HeaderFields = {}): Uint8Array =>
  special('PaxHeaders/g', 'g', records instanceof Uint8Array ? records : paxBody(records), fields);

export const gnuLongName = (path: Bytes, fields: HeaderFields = {}): Uint8Array =>
  special('././@LongLink', 'L', concatBytes([bytesOf(path), zeros(1)]), { magic: 'gnu', ...fields });

export const gnuLongLink = (target: Bytes, fields: HeaderFields = {}): Uint8Array =>
  special('././@LongLink', 'K', concatBytes([bytesOf(target), zeros(1)]), { magic: 'gnu', ...fields });

/** Returns any entry: PAX header if needed, header, body, padding. */
export function entry(path: Bytes, body: Bytes, fields: EntryFields = {}): Uint8Array {
  const { pax: extra = [], xattrs = {}, mtimeNanoseconds = 0, padding, ...plain } = fields;
  const content = bytesOf(body);
  const name = bytesOf(path);
  const link = bytesOf(plain.link ?? '');
  const records: (readonly [string, Bytes])[] = [
    ...(name.length > 100 ? [['path', name] as const] : []),
    ...(link.length > 100 ? [['linkpath', link] as const] : []),
    ...(mtimeNanoseconds > 0
      ? [['mtime', `${Number(plain.mtime ?? 0)}.${String(mtimeNanoseconds).padStart(9, '0')}`] as const]
      : []),
    ...Object.entries(xattrs).map(([key, value]) => [`SCHILY.xattr.${key}`, value] as const),
    ...((Array.isArray(extra) ? extra : Object.entries(extra)) as readonly (readonly [string, Bytes])[]),
  ];
  return concatBytes([
    ...(records.length > 0 ? [pax(records)] : []),
    header(path, { size: content.length, ...plain }),
    padToBlock(content, padding),
  ]);
}

export const file = (path: Bytes, content: Bytes = '', fields: EntryFields = {}): Uint8Array =>
  entry(path, content, { typeflag: '0', mode: 0o644, ...fields });

export const dir = (path: Bytes, fields: EntryFields = {}): Uint8Array =>
  entry(path, '', { typeflag: '5', mode: 0o755, ...fields });

export const symlink = (path: Bytes, target: Bytes, fields: EntryFields = {}): Uint8Array =>
  entry(path, '', { typeflag: '2', mode: 0o777, link: target, ...fields });

export const hardlink = (path: Bytes, target: Bytes, fields: EntryFields = {}): Uint8Array =>
  entry(path, '', { typeflag: '1', mode: 0o644, link: target, ...fields });

export const characterDevice = (
  path: Bytes,
  major: number | bigint,
  minor: number | bigint,
  fields: EntryFields = {},
): Uint8Array => entry(path, '', { typeflag: '3', mode: 0o600, major, minor, ...fields });

export const blockDevice = (
  path: Bytes,
  major: number | bigint,
  minor: number | bigint,
  fields: EntryFields = {},
): Uint8Array => entry(path, '', { typeflag: '4', mode: 0o600, major, minor, ...fields });

export const fifo = (path: Bytes, fields: EntryFields = {}): Uint8Array =>
  entry(path, '', { typeflag: '6', mode: 0o644, ...fields });

/** `whiteout('a/b')` is an empty file `a/.wh.b`. */
export function whiteout(path: string, fields: EntryFields = {}): Uint8Array {
  const slash = path.lastIndexOf('/') + 1;
  return file(`${path.slice(0, slash)}.wh.${path.slice(slash)}`, '', fields);
}

/** `opaque('a')` is an empty file `a/.wh..wh..opq`; the root's is `opaque('')`. */
export const opaque = (folder: string, fields: EntryFields = {}): Uint8Array =>
  file(`${folder === '' ? '' : `${folder}/`}.wh..wh..opq`, '', fields);

export const raw = (bytes: Bytes): Uint8Array => bytesOf(bytes);

/** Returns the archive with two end blocks. */
export const tar = (...parts: readonly Uint8Array[]): Uint8Array => concatBytes([...parts, zeros(2 * block)]);

/** Returns the archive without end blocks. */
export const openTar = (...parts: readonly Uint8Array[]): Uint8Array => concatBytes(parts);
