import type { SparseRun } from '../../archive/index.ts';
import { equalBytes } from '../../lib/bytes.ts';
import { invariant } from '../../lib/invariant.ts';
import { normalizePath } from '../tree-path.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { corruptIndex } from './corrupt-index.ts';
import {
  type BodySource,
  bodySources,
  type RawSpan,
  type RecordFields,
  type RecordKind,
  recordKinds,
} from './entry-record.ts';

const flag = { treePath: 1, xattrs: 2, sparse: 4, stripped: 8, padding: 16, span: 32 } as const;
const bodyShift = 6;

const empty = new Uint8Array(0);
const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();
const hasLink = (kind: RecordKind): boolean => kind === 'hardlink' || kind === 'symlink';
const isDevice = (kind: RecordKind): boolean => kind === 'character-device' || kind === 'block-device';
const usualPadding = (storedSizeBytes: number): number => (512 - (storedSizeBytes % 512)) % 512;

/** A record without the fields that follow from its neighbours. */
export interface DecodedRecord extends RecordFields {
  readonly headerBytes: number;
  readonly paddingBytes: number;
  readonly span: RawSpan;
}

/** Lengths written with an entry's fields. `rawGap` is the number of raw bytes between the previous record and its header. */
export interface Layout {
  readonly headerBytes: number;
  readonly paddingBytes: number;
  readonly rawGap: number;
  readonly codedBodyBytes: number;
  readonly codedPaddingBytes: number;
}

export function encodeRecord(out: ByteWriter, fields: RecordFields, layout: Layout): void {
  const { kind, path, treePath, xattrs, sparse, storedSizeBytes } = fields;
  const hasTreePath = !isPlainPath(kind, path, treePath);
  const oddPadding = layout.paddingBytes !== usualPadding(storedSizeBytes) || layout.codedPaddingBytes > 0;
  const hasSpan = layout.rawGap > 0 || layout.codedBodyBytes > 0;
  out.byte(
    (hasTreePath ? flag.treePath : 0) |
      (xattrs.size > 0 ? flag.xattrs : 0) |
      (sparse ? flag.sparse : 0) |
      (fields.xattrsStripped ? flag.stripped : 0) |
      (oddPadding ? flag.padding : 0) |
      (hasSpan ? flag.span : 0) |
      (bodySources.indexOf(fields.body) << bodyShift),
  );
  out.byte(recordKinds.indexOf(kind));
  out.byte(fields.typeflag);
  out.number(fields.mode);
  out.signedNumber(fields.uid);
  out.signedNumber(fields.gid);
  out.number(fields.sizeBytes);
  out.number(storedSizeBytes);
  out.signedNumber(fields.mtime.seconds);
  out.number(fields.mtime.nanoseconds);
  out.number(layout.headerBytes);
  out.bytes(path);
  if (hasTreePath) out.bytes(treePath);
  if (hasLink(kind)) out.bytes(fields.linkPath);
  if (isDevice(kind)) {
    out.number(fields.deviceMajor);
    out.number(fields.deviceMinor);
  }
  if (xattrs.size > 0) encodeXattrs(out, xattrs);
  if (sparse) encodeRuns(out, sparse);
  if (oddPadding) {
    out.number(layout.paddingBytes);
    out.number(layout.codedPaddingBytes);
  }
  if (hasSpan) {
    out.number(layout.rawGap);
    out.number(layout.codedBodyBytes);
  }
}

// Most tree paths follow from the archive's path and are not written. Those of deletions never do.
function isPlainPath(kind: RecordKind, path: Uint8Array, treePath: Uint8Array): boolean {
  if (kind === 'whiteout' || kind === 'opaque') return false;
  if (kind === 'ignored') return treePath.length === 0;
  // Nearly always both are the same bytes.
  return path === treePath || equalBytes(path, treePath) || equalBytes(normalizePath(path), treePath);
}

function encodeXattrs(out: ByteWriter, xattrs: ReadonlyMap<string, Uint8Array>): void {
  out.number(xattrs.size);
  for (const [name, value] of xattrs) {
    out.bytes(Buffer.from(name, 'latin1'));
    out.bytes(value);
  }
}

function encodeRuns(out: ByteWriter, runs: readonly SparseRun[]): void {
  out.number(runs.length);
  let end = 0;
  for (const run of runs) {
    invariant(run.offset >= end, 'runs of a sparse file ascend');
    out.number(run.offset - end);
    out.number(run.length);
    end = run.offset + run.length;
  }
}

/**
 * Reads a record; its raw bytes begin at `rawOffset` plus its gap.
 * @throws ERR_INDEX_CORRUPT
 */
export function decodeRecord(input: ByteReader, rawOffset: number): DecodedRecord {
  const flags = input.byte();
  const kind = recordKinds[input.byte()];
  const body: BodySource | undefined = bodySources[flags >> bodyShift];
  if (kind === undefined || body === undefined) throw corruptIndex('holds a record of an unknown kind');
  const typeflag = input.byte();
  const mode = input.number();
  const uid = input.signedNumber();
  const gid = input.signedNumber();
  const sizeBytes = input.number();
  const storedSizeBytes = input.number();
  const mtime = { seconds: input.signedNumber(), nanoseconds: input.number() };
  const headerBytes = input.number();
  const path = input.bytes();
  const treePath = (flags & flag.treePath) !== 0 ? decodePath(input.bytes()) : plainPath(kind, path);
  const linkPath = hasLink(kind) ? input.bytes() : empty;
  const deviceMajor = isDevice(kind) ? input.number() : 0;
  const deviceMinor = isDevice(kind) ? input.number() : 0;
  const xattrs = (flags & flag.xattrs) !== 0 ? decodeXattrs(input) : noXattrs;
  const sparse = (flags & flag.sparse) !== 0 ? decodeRuns(input, sizeBytes, storedSizeBytes) : undefined;
  const oddPadding = (flags & flag.padding) !== 0;
  const paddingBytes = oddPadding ? input.number() : usualPadding(storedSizeBytes);
  const codedPaddingBytes = oddPadding ? input.number() : 0;
  const hasSpan = (flags & flag.span) !== 0;
  const rawGap = hasSpan ? input.number() : 0;
  const codedBodyBytes = hasSpan ? input.number() : 0;
  if (paddingBytes >= 512) throw corruptIndex('holds a padding of more than a block');
  return {
    kind,
    path,
    treePath,
    typeflag,
    mode,
    uid,
    gid,
    sizeBytes,
    storedSizeBytes,
    mtime,
    linkPath,
    deviceMajor,
    deviceMinor,
    xattrs,
    sparse,
    body,
    xattrsStripped: (flags & flag.stripped) !== 0,
    headerBytes,
    paddingBytes,
    span: { offset: rawOffset + rawGap, bodyBytes: codedBodyBytes, paddingBytes: codedPaddingBytes },
  };
}

function plainPath(kind: RecordKind, path: Uint8Array): Uint8Array {
  return kind === 'ignored' ? empty : decodePath(path);
}

// A tree path from disk is passed to the kernel: a forged one must not lead out of the tree.
function decodePath(bytes: Uint8Array): Uint8Array {
  try {
    return normalizePath(bytes);
  } catch (cause) {
    throw corruptIndex('holds a path outside the tree', cause);
  }
}

function decodeXattrs(input: ByteReader): ReadonlyMap<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  for (let left = input.number(); left > 0; left--) {
    const name = Buffer.from(input.bytes()).toString('latin1');
    xattrs.set(name, input.bytes());
  }
  return xattrs;
}

function decodeRuns(input: ByteReader, sizeBytes: number, storedSizeBytes: number): SparseRun[] {
  const runs: SparseRun[] = [];
  let end = 0;
  let stored = 0;
  for (let left = input.number(); left > 0; left--) {
    const offset = end + input.number();
    const length = input.number();
    end = offset + length;
    stored += length;
    if (!Number.isSafeInteger(end) || end > sizeBytes)
      throw corruptIndex('holds a sparse run behind the end of its file');
    runs.push({ offset, length });
  }
  if (stored !== storedSizeBytes) throw corruptIndex('holds sparse runs that do not add up to the stored size');
  return runs;
}
