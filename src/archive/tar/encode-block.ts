import { blockBytes } from './block.ts';

/** Room in a ustar header block: what is longer or larger goes into a PAX record. */
export const room = {
  path: 100,
  prefix: 155,
  linkPath: 100,
  name: 32,
  /** Octal with a NUL behind it: 7 digits for owners and devices, 11 for size and time. */
  owner: 0o7777777,
  size: 0o77777777777,
} as const;

/** What is written into a ustar block; every field already fits. */
export interface UstarFields {
  readonly path: Uint8Array;
  readonly prefix?: Uint8Array;
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

export function encodeUstarBlock(fields: UstarFields): Uint8Array {
  const block = new Uint8Array(blockBytes);
  block.set(fields.path.subarray(0, room.path), 0);
  octal(block, 100, 8, fields.mode);
  octal(block, 108, 8, fields.uid ?? 0);
  octal(block, 116, 8, fields.gid ?? 0);
  octal(block, 124, 12, fields.sizeBytes);
  octal(block, 136, 12, fields.mtimeSeconds ?? 0);
  block.fill(0x20, 148, 156);
  block[156] = fields.typeflag;
  if (fields.linkPath) block.set(fields.linkPath.subarray(0, room.linkPath), 157);
  ascii(block, 257, 'ustar\x0000');
  if (fields.userName) block.set(fields.userName.subarray(0, room.name), 265);
  if (fields.groupName) block.set(fields.groupName.subarray(0, room.name), 297);
  octal(block, 329, 8, fields.deviceMajor ?? 0);
  octal(block, 337, 8, fields.deviceMinor ?? 0);
  if (fields.prefix) block.set(fields.prefix, 345);
  let sum = 0;
  for (const byte of block) sum += byte;
  octal(block, 148, 7, sum);
  return block;
}

/**
 * Splits a path at a slash into ustar's prefix and name; undefined when no slash is where one is needed. The slash
 * before the longest possible name is taken, so that every version splits alike.
 */
export function splitPath(path: Uint8Array): { readonly prefix: Uint8Array; readonly name: Uint8Array } | undefined {
  if (path.length <= room.path) return { prefix: path.subarray(0, 0), name: path };
  const first = path.indexOf(0x2f, Math.max(1, path.length - room.path - 1));
  // a name must be left: the slash that ends a folder's path does not count
  if (first < 0 || first > room.prefix || first >= path.length - 1) return undefined;
  return { prefix: path.subarray(0, first), name: path.subarray(first + 1) };
}

function octal(block: Uint8Array, start: number, width: number, value: number): void {
  ascii(block, start, value.toString(8).padStart(width - 1, '0'));
  block[start + width - 1] = 0;
}

function ascii(block: Uint8Array, start: number, text: string): void {
  for (let i = 0; i < text.length; i++) block[start + i] = text.charCodeAt(i);
}
