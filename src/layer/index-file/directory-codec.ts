import type { DiffId } from '../../spec/digest.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { corruptIndex } from './corrupt-index.ts';
import { type Amendment, type BlockInfo, blockKinds, type IndexDirectory, maxBlockBytes } from './format.ts';

const amendedBodies: readonly Amendment['body'][] = ['none', 'index', 'lost'];

export function encodeDirectory({ summary, trailer, blocks, amendments }: IndexDirectory): Uint8Array {
  const out = new ByteWriter();
  out.bytes(Buffer.from(summary.diffId, 'latin1'));
  out.number(summary.tarSizeBytes);
  out.number(summary.sizeBytes);
  out.number(summary.entries);
  out.byte((summary.remakeable ? 1 : 0) | (summary.parentDependent ? 2 : 0));
  out.number(trailer.rawOffset);
  out.number(trailer.codedBytes);
  out.number(trailer.tarBytes);
  out.number(blocks.length);
  for (const block of blocks) {
    out.byte(blockKinds.indexOf(block.kind));
    out.number(block.packedBytes);
    out.number(block.unpackedBytes);
    out.number(block.crc);
    out.number(block.first);
    out.number(block.rawOffset);
    out.number(block.tarOffset);
    out.bytes(block.firstPath);
  }
  out.number(amendments.length);
  for (const amendment of amendments) {
    out.number(amendment.ordinal);
    out.byte(amendedBodies.indexOf(amendment.body));
    out.number(amendment.rawOffset);
    out.number(amendment.codedBytes);
  }
  return out.take();
}

/**
 * Decodes the directory. `firstBlock` is the offset in the file at which blocks begin, `end` the one at which they must end.
 * @throws ERR_INDEX_CORRUPT
 */
export function decodeDirectory(bytes: Uint8Array, firstBlock: number, end: number): IndexDirectory {
  const input = new ByteReader(bytes);
  const diffId = Buffer.from(input.bytes()).toString('latin1');
  if (!/^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(diffId)) throw corruptIndex('has no valid diffID');
  const tarSizeBytes = input.number();
  const sizeBytes = input.number();
  const entries = input.number();
  const flags = input.byte();
  const trailer = { rawOffset: input.number(), codedBytes: input.number(), tarBytes: input.number() };
  const blocks: BlockInfo[] = [];
  let fileOffset = firstBlock;
  for (let left = input.number(); left > 0; left--) {
    const block = decodeBlock(input, fileOffset);
    fileOffset += block.packedBytes;
    blocks.push(block);
  }
  if (fileOffset !== end) throw corruptIndex('has blocks that do not fill the file');
  const amendments: Amendment[] = [];
  for (let left = input.number(); left > 0; left--) {
    const ordinal = input.number();
    const body = amendedBodies[input.byte()];
    if (body === undefined || ordinal >= entries) throw corruptIndex('corrects a record that it does not hold');
    amendments.push({ ordinal, body, rawOffset: input.number(), codedBytes: input.number() });
  }
  if (input.left > 0) throw corruptIndex('has bytes behind its directory');
  return {
    summary: {
      diffId: diffId as DiffId,
      tarSizeBytes,
      sizeBytes,
      entries,
      remakeable: (flags & 1) !== 0,
      parentDependent: (flags & 2) !== 0,
    },
    trailer,
    blocks,
    amendments,
  };
}

function decodeBlock(input: ByteReader, fileOffset: number): BlockInfo {
  const kind = blockKinds[input.byte()];
  if (kind === undefined) throw corruptIndex('holds a block of an unknown kind');
  const packedBytes = input.number();
  const unpackedBytes = input.number();
  const crc = input.number();
  if (unpackedBytes > maxBlockBytes || packedBytes > maxBlockBytes) throw corruptIndex('holds a block out of range');
  return {
    kind,
    fileOffset,
    packedBytes,
    unpackedBytes,
    crc,
    first: input.number(),
    rawOffset: input.number(),
    tarOffset: input.number(),
    firstPath: input.bytes(),
  };
}
