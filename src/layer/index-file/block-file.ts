import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants, crc32, zstdDecompressSync } from 'node:zlib';
import { StrataError } from '../../errors/index.ts';
import { equalBytes } from '../../lib/bytes.ts';
import { RecentlyUsed } from '../../lib/recently-used.ts';
import { asSyscallError } from '../../sys/as-syscall-error.ts';
import { errnoOf } from '../../sys/errno.ts';
import { corruptIndex } from './corrupt-index.ts';
import { decodeDirectory } from './directory-codec.ts';
import { type BlockInfo, footerBytes, type IndexDirectory, magic, maxDirectoryBytes } from './format.ts';

const cachedBlocks = 32;
// The minimum of Node's zlib.
const leastChunkBytes = 64;

/** An open index file: its directory, and its blocks, which are unpacked and checked when first read. */
export class BlockFile implements Disposable {
  readonly #fd: number;
  readonly directory: IndexDirectory;
  readonly #unpacked = new RecentlyUsed<BlockInfo, Uint8Array>(cachedBlocks);
  #isClosed = false;

  /** @throws ERR_INDEX_CORRUPT (also for a missing file), ERR_INDEX_VERSION, or the error of opening the file */
  constructor(path: string) {
    this.#fd = openIndex(path);
    try {
      this.directory = this.#readDirectory();
    } catch (error) {
      closeSync(this.#fd);
      throw asSyscallError(error, path);
    }
  }

  /** @throws ERR_INDEX_CORRUPT */
  block(info: BlockInfo): Uint8Array {
    return this.#unpacked.get(info, ({ fileOffset, packedBytes, unpackedBytes, crc }) =>
      this.#unpack(fileOffset, packedBytes, unpackedBytes, crc),
    );
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }

  #readDirectory(): IndexDirectory {
    const { size } = fstatSync(this.#fd);
    if (size < magic.length + footerBytes) throw corruptIndex('is truncated');
    this.#checkMagic(this.#read(0, magic.length));
    const footer = Buffer.from(this.#read(size - footerBytes, footerBytes));
    if (!equalBytes(footer.subarray(footerBytes - magic.length), magic)) throw corruptIndex('is truncated');
    const offset = footer.readUIntLE(0, 6);
    const packed = footer.readUInt32LE(6);
    const unpacked = footer.readUInt32LE(10);
    const zeros = footer.readUIntLE(18, 6);
    if (
      zeros !== 0 ||
      offset < magic.length ||
      offset + packed !== size - footerBytes ||
      unpacked > maxDirectoryBytes
    ) {
      throw corruptIndex('has a damaged footer');
    }
    const bytes = this.#unpack(offset, packed, unpacked, footer.readUInt32LE(14));
    return decodeDirectory(bytes, magic.length, offset);
  }

  #checkMagic(bytes: Uint8Array): void {
    if (equalBytes(bytes, magic)) return;
    if (!equalBytes(bytes.subarray(0, 7), magic.subarray(0, 7))) throw corruptIndex('the file is not a layer index');
    throw new StrataError({
      code: 'ERR_INDEX_VERSION',
      message: `layer index: has version ${bytes[7] ?? 0}, but this program reads version ${magic[7] ?? 0}`,
      hint: 'Use the version of Strata that wrote it, or remove the file: it is made again when the layer is loaded or built again.',
    });
  }

  #unpack(offset: number, packedBytes: number, unpackedBytes: number, crc: number): Uint8Array {
    const packed = this.#read(offset, packedBytes);
    if (crc32(packed) !== crc) throw corruptIndex('has a block with a wrong checksum');
    let bytes: Buffer;
    try {
      bytes = zstdDecompressSync(packed, {
        maxOutputLength: Math.max(unpackedBytes, 1),
        // One buffer with a spare byte: with chunks of 64 KiB the block would be in memory twice.
        chunkSize: Math.max(unpackedBytes + 1, leastChunkBytes),
        params: { [constants.ZSTD_d_windowLogMax]: 27 },
      });
    } catch (cause) {
      throw corruptIndex('has a block that cannot be unpacked', cause);
    }
    if (bytes.length !== unpackedBytes) throw corruptIndex('has a block of another length than announced');
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    while (at < length) {
      const count = readSync(this.#fd, bytes, at, length - at, offset + at);
      if (count === 0) throw corruptIndex('is truncated');
      at += count;
    }
    return bytes;
  }
}

function openIndex(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw asSyscallError(error, path);
    throw corruptIndex(`file ${path} does not exist`, error);
  }
}
