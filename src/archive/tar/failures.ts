import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';

// One function per code, so that a code has one wording and one hint. `offset` is the position in the uncompressed archive at
// which the header in question, with its extension records, begins.

const damaged = 'The archive is damaged or was cut short; fetch or make it again.';
const hostile = 'The archive was made by a faulty or hostile program; make it again with another one.';

export const badChecksum = (offset: number): StrataError =>
  new StrataError({
    code: 'ERR_TAR_CHECKSUM',
    message: `tar archive: no valid header at byte ${offset}, its checksum is wrong`,
    hint: 'Check that this is a tar archive and that it arrived whole.',
    details: { offset },
  });

export const badNumber = (offset: number, field: string): StrataError =>
  new StrataError({
    code: 'ERR_TAR_NUMBER',
    message: `tar archive: ${field} of the entry at byte ${offset} is no number or out of range`,
    hint: hostile,
    details: { offset, field },
  });

export const badRecord = (offset: number, why: string): StrataError =>
  new StrataError({
    code: 'ERR_TAR_PAX_RECORD',
    message: `tar archive: PAX header at byte ${offset}: ${why}`,
    hint: hostile,
    details: { offset },
  });

export const badSparseMap = (offset: number, why: string): StrataError =>
  new StrataError({
    code: 'ERR_TAR_SPARSE_MAP',
    message: `tar archive: sparse file at byte ${offset}: ${why}`,
    hint: hostile,
    details: { offset },
  });

export const headerTooLarge = (offset: number, limitBytes: number): StrataError =>
  new StrataError({
    code: 'ERR_TAR_HEADER_TOO_LARGE',
    message: `tar archive: header at byte ${offset} is larger than ${limitBytes} bytes`,
    hint: hostile,
    details: { offset, limitBytes },
  });

export const badEnd = (offset: number): StrataError =>
  new StrataError({
    code: 'ERR_TAR_END_BLOCK',
    message: `tar archive: a lone block of zeros before byte ${offset} is followed by more data`,
    hint: damaged,
    details: { offset },
  });

export const unknownType = (typeflag: number, path: Uint8Array, offset: number): StrataError =>
  badType(path, offset, `has the unknown type ${formatTypeflag(typeflag)}`, {
    hint: 'Make the archive again in the POSIX format (tar --format=pax), or without this entry.',
  });

export const multiVolumeFile = (path: Uint8Array, offset: number): StrataError =>
  badType(path, offset, 'continues a file of another volume', {
    hint: 'Unpack all volumes together (tar --multi-volume), and make one archive of what they hold.',
  });

const badType = (path: Uint8Array, offset: number, why: string, { hint }: { readonly hint: string }): StrataError =>
  new StrataError({
    code: 'ERR_TAR_TYPE',
    message: `tar archive: entry ${JSON.stringify(displayBytes(path.subarray(0, 200)))} at byte ${offset} ${why}`,
    hint,
    details: { offset },
  });

const formatTypeflag = (typeflag: number): string =>
  typeflag > 0x20 && typeflag < 0x7f ? `'${String.fromCharCode(typeflag)}'` : String(typeflag);

export const unexpectedEnd = (offset: number, inside: string): StrataError =>
  new StrataError({
    code: 'ERR_TAR_TRUNCATED',
    message: `tar archive: ends at byte ${offset}, inside ${inside}`,
    hint: damaged,
    details: { offset },
  });

export const unencodable = (field: string, why: string): StrataError =>
  new StrataError({
    code: 'ERR_TAR_UNENCODABLE',
    message: `tar entry: ${field} ${why}`,
    hint: 'Rename, shorten or leave out the file; no tar format that others read can hold this.',
    details: { field },
  });
