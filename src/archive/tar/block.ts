import { badChecksum, badNumber } from './failures.ts';
import { parseNumeric, parseOctal } from './numbers.ts';

/** Size of a tar block. A header is one block; a body is padded to a whole number of blocks. */
export const blockBytes = 512;

/** Known typeflags. */
export const flag = {
  oldFile: 0x00,
  file: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  characterDevice: 0x33,
  blockDevice: 0x34,
  directory: 0x35,
  fifo: 0x36,
  contiguousFile: 0x37,
  gnuDirectory: 0x44,
  gnuLongLink: 0x4b,
  gnuLongName: 0x4c,
  gnuMultiVolume: 0x4d,
  gnuSparse: 0x53,
  gnuVolumeLabel: 0x56,
  solarisPax: 0x58,
  paxGlobal: 0x67,
  paxLocal: 0x78,
} as const;

/** Fields of one header block, before extension records change them. Byte fields are views into the block. */
export interface HeaderBlock {
  readonly format: 'v7' | 'ustar' | 'gnu' | 'star';
  readonly typeflag: number;
  readonly path: Uint8Array;
  readonly linkPath: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly userName: Uint8Array;
  readonly groupName: Uint8Array;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

const empty = new Uint8Array(0);

/** Returns the number of bytes that pad `sizeBytes` to a whole block. */
export const paddingBytes = (sizeBytes: number): number => (blockBytes - (sizeBytes % blockBytes)) % blockBytes;

export function isZeroBlock(block: Uint8Array): boolean {
  for (let i = 0; i < blockBytes; i++) if (block[i] !== 0) return false;
  return true;
}

/** Accepts the sum of unsigned bytes, as in POSIX, and of signed ones: archives of Sun's tar are still around. */
export function hasValidChecksum(block: Uint8Array): boolean {
  let sum = 8 * 0x20;
  for (let i = 0; i < 148; i++) sum += block[i] as number;
  for (let i = 156; i < blockBytes; i++) sum += block[i] as number;
  const stated = parseOctal(block, 148, 156);
  if (stated === sum) return true;
  for (let i = 0; i < 148; i++) if ((block[i] as number) > 127) sum -= 256;
  for (let i = 156; i < blockBytes; i++) if ((block[i] as number) > 127) sum -= 256;
  return stated === sum;
}

/**
 * Reads a header block. `offset` is for messages.
 * @throws {@link StrataError} ERR_TAR_CHECKSUM, ERR_TAR_NUMBER
 */
export function decodeHeaderBlock(block: Uint8Array, offset: number): HeaderBlock {
  if (!hasValidChecksum(block)) throw badChecksum(offset);
  const format = formatOf(block);
  const extended = format !== 'v7';
  const header: HeaderBlock = {
    format,
    typeflag: block[156] as number,
    path: pathOf(block, format, offset),
    linkPath: text(block, 157, 257),
    mode: number(block, 100, 108, offset, 'mode'),
    uid: number(block, 108, 116, offset, 'uid'),
    gid: number(block, 116, 124, offset, 'gid'),
    sizeBytes: number(block, 124, 136, offset, 'size'),
    mtimeSeconds: number(block, 136, 148, offset, 'mtime'),
    userName: extended ? text(block, 265, 297) : empty,
    groupName: extended ? text(block, 297, 329) : empty,
    deviceMajor: extended ? number(block, 329, 337, offset, 'device major') : 0,
    deviceMinor: extended ? number(block, 337, 345, offset, 'device minor') : 0,
  };
  return header;
}

function formatOf(block: Uint8Array): HeaderBlock['format'] {
  // "ustar", then "\0" for POSIX (any version) or two spaces and "\0" for GNU; star has "tar\0" at the very end.
  if (block[257] !== 0x75 || block[258] !== 0x73 || block[259] !== 0x74 || block[260] !== 0x61 || block[261] !== 0x72) {
    return 'v7';
  }
  if (block[262] === 0) {
    return block[508] === 0x74 && block[509] === 0x61 && block[510] === 0x72 && block[511] === 0 ? 'star' : 'ustar';
  }
  return block[262] === 0x20 && block[263] === 0x20 && block[264] === 0 ? 'gnu' : 'v7';
}

function pathOf(block: Uint8Array, format: HeaderBlock['format'], offset: number): Uint8Array {
  const name = text(block, 0, 100);
  const prefix = prefixOf(block, format, offset);
  if (prefix.length === 0) return name;
  const path = new Uint8Array(prefix.length + 1 + name.length);
  path.set(prefix);
  path[prefix.length] = 0x2f;
  path.set(name, prefix.length + 1);
  return path;
}

function prefixOf(block: Uint8Array, format: HeaderBlock['format'], offset: number): Uint8Array {
  switch (format) {
    case 'v7':
      return empty;
    case 'ustar':
      return text(block, 345, 500);
    case 'star':
      number(block, 476, 488, offset, 'atime');
      number(block, 488, 500, offset, 'ctime');
      return text(block, 345, 476);
    case 'gnu': {
      // GNU has atime and ctime here. Go before 1.8 wrote a ustar prefix into GNU headers (golang/go#12594, #21005),
      // so times that are no numbers and are ASCII text are such a prefix.
      const atime = block[345] === 0 ? 0 : parseNumeric(block, 345, 357);
      const ctime = block[357] === 0 ? 0 : parseNumeric(block, 357, 369);
      if (!Number.isNaN(atime) && !Number.isNaN(ctime)) return empty;
      const prefix = text(block, 345, 500);
      return prefix.every((byte) => byte < 0x80) ? prefix : empty;
    }
  }
}

function text(block: Uint8Array, start: number, end: number): Uint8Array {
  if (block[start] === 0) return empty;
  let stop = start + 1;
  while (stop < end && block[stop] !== 0) stop++;
  return block.subarray(start, stop);
}

function number(block: Uint8Array, start: number, end: number, offset: number, field: string): number {
  const value = parseNumeric(block, start, end);
  if (Number.isNaN(value)) throw badNumber(offset, field);
  return value;
}
