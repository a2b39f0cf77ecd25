import { blockBytes } from './block.ts';
import { writeText } from './pax.ts';

/** Largest values that fit the fields of a ustar header block. Longer or larger ones go into a PAX record. */
export const fieldLimits = {
  path: 100,
  prefix: 155,
  linkPath: 100,
  name: 32,
  /** Octal followed by a NUL: 7 digits for owners and devices, 11 for size and time. */
  owner: 0o7777777,
  size: 0o77777777777,
} as const;

/** Fields of a ustar block. The caller has checked that each fits. */
export interface UstarFields {
  readonly path: Uint8Array;
  readonly prefix?: Uint8Array | undefined;
  readonly typeflag: number;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds?: number;
  readonly linkPath?: Uint8Array;
  readonly userName?: Uint8Array;
  readonly groupName?: Uint8Array;
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
}

/** Writes a header block at offset `at` of `out`, which must be all zeros there. */
export function writeUstarBlock(out: Uint8Array, at: number, fields: UstarFields): void {
  writeBytes(out, at, fields.path, fieldLimits.path);
  writeOctal(out, at + 100, 8, fields.mode);
  writeOctal(out, at + 108, 8, fields.uid ?? 0);
  writeOctal(out, at + 116, 8, fields.gid ?? 0);
  writeOctal(out, at + 124, 12, fields.sizeBytes);
  writeOctal(out, at + 136, 12, fields.mtimeSeconds ?? 0);
  out.fill(0x20, at + 148, at + 156);
  out[at + 156] = fields.typeflag;
  writeBytes(out, at + 157, fields.linkPath, fieldLimits.linkPath);
  writeText(out, at + 257, 'ustar\x0000');
  writeBytes(out, at + 265, fields.userName, fieldLimits.name);
  writeBytes(out, at + 297, fields.groupName, fieldLimits.name);
  writeOctal(out, at + 329, 8, fields.deviceMajor ?? 0);
  writeOctal(out, at + 337, 8, fields.deviceMinor ?? 0);
  writeBytes(out, at + 345, fields.prefix, fieldLimits.prefix);
  let sum = 0;
  for (let i = at; i < at + blockBytes; i++) sum += out[i] as number;
  writeOctal(out, at + 148, 7, sum);
}

/**
 * Splits a path at a slash into ustar's prefix and name; undefined when no slash is at a suitable position. Always splits
 * before the longest possible name, so that every version of this library splits alike.
 */
export function splitPath(path: Uint8Array): { readonly prefix: Uint8Array; readonly name: Uint8Array } | undefined {
  if (path.length <= fieldLimits.path) return { prefix: path.subarray(0, 0), name: path };
  const first = path.indexOf(0x2f, Math.max(1, path.length - fieldLimits.path - 1));
  // The name must not be empty, so the slash that ends a directory's path does not count.
  if (first < 0 || first > fieldLimits.prefix || first >= path.length - 1) return undefined;
  return { prefix: path.subarray(0, first), name: path.subarray(first + 1) };
}

/** Writes octal digits and a NUL, `width` bytes together; `value` must fit. */
function writeOctal(out: Uint8Array, at: number, width: number, value: number): void {
  let rest = value;
  for (let i = at + width - 2; i >= at; i--) {
    const higher = Math.floor(rest / 8);
    out[i] = 0x30 + rest - higher * 8;
    rest = higher;
  }
  out[at + width - 1] = 0;
}

function writeBytes(out: Uint8Array, at: number, bytes: Uint8Array | undefined, limit: number): void {
  if (bytes !== undefined && bytes.length > 0) out.set(bytes.length > limit ? bytes.subarray(0, limit) : bytes, at);
}
