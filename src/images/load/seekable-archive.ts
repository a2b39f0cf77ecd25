import { type FileHandle, open } from 'node:fs/promises';
import { compressionProbeBytes, detectCompression } from '../../archive/compression/detect.ts';
import { TarParser } from '../../archive/tar/parser.ts';
import type { TarEntry } from '../../archive/tar/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { ArchiveTable, refuseSparse } from './archive-table.ts';

const chunkBytes = 64 << 10;

/**
 * Returns the files of an uncompressed tar in place, reading only its headers. Undefined for any other file. The
 * archive stays open until disposal, so it can be read even after a rename or removal. Its bytes may still change;
 * readers compare digests.
 * @throws ERR_ARCHIVE_INVALID, what opening the file and tar parsing throw, and the signal's reason
 */
export async function openSeekableArchive(
  path: string,
  { signal }: AbortOptions = {},
): Promise<ArchiveFiles | undefined> {
  await using stack = new AsyncDisposableStack();
  const file = stack.use(await open(path, 'r'));
  const stat = await file.stat();
  if (!stat.isFile() || (await compressionOf(file)) !== 'none') return undefined;
  const scan = new Scan(`/proc/self/fd/${file.fd}`);
  const buffer = Buffer.alloc(chunkBytes);
  while (scan.offset < stat.size) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, scan.offset);
    if (bytesRead === 0) break;
    scan.take(buffer.subarray(0, bytesRead), stat.size);
  }
  scan.end();
  const { table } = scan;
  const opened = stack.move();
  return {
    find: (name) => table.find(name),
    [Symbol.asyncDispose]: async () => {
      table.clear();
      await opened.disposeAsync();
    },
  };
}

async function compressionOf(file: FileHandle): Promise<ReturnType<typeof detectCompression>> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(compressionProbeBytes), 0, compressionProbeBytes, 0);
  return detectCompression(buffer.subarray(0, bytesRead));
}

/** Reads an archive from header to header. */
class Scan {
  readonly table = new ArchiveTable();
  readonly #path: string;
  readonly #parser: TarParser;
  /** Offset of the next byte to read. */
  offset = 0;
  /** Offset of the next byte that the parser has not reported yet. */
  #parsedBytes = 0;

  constructor(path: string) {
    this.#path = path;
    const advance = (bytes: Uint8Array): void => {
      this.#parsedBytes += bytes.length;
    };
    const entry = (it: TarEntry, rawHeader: Uint8Array): void => {
      advance(rawHeader);
      this.#add(it);
    };
    this.#parser = new TarParser({ entry, data: advance, endEntry: advance, trailer: advance });
  }

  take(chunk: Uint8Array, fileBytes: number): void {
    this.#parser.write(chunk);
    this.offset += chunk.length;
    const rest = Math.min(this.#parser.bodyBytesLeft, fileBytes - this.offset);
    if (rest < chunkBytes) return;
    this.#parser.skipBody(rest);
    this.#parsedBytes += rest;
    this.offset += rest;
  }

  end(): void {
    this.#parser.finish();
  }

  #add(entry: TarEntry): void {
    if (entry.type !== 'file') return this.table.add(entry, undefined);
    refuseSparse(entry);
    return this.table.add(entry, { path: this.#path, offset: this.#parsedBytes, sizeBytes: entry.sizeBytes });
  }
}
