import { type FileHandle, open } from 'node:fs/promises';
import { writeWhole } from '../sys/write-whole.ts';
import { diskFailure } from './disk-failure.ts';

/**
 * A new file of the store's that a stream is written into, piece by piece. Failures of the disk are told as such, and none of the
 * stream's is taken for one. The file is its maker's to remove.
 */
export class SpoolFile implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  #sizeBytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Throws ERR_NO_SPACE, and EEXIST for a name that is taken. */
  static async create(path: string): Promise<SpoolFile> {
    return new SpoolFile(path, await onDisk(path, () => open(path, 'wx', 0o600)));
  }

  /** So many bytes are in it. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Throws ERR_NO_SPACE. */
  async append(piece: Uint8Array): Promise<void> {
    await onDisk(this.path, () => writeWhole(this.#file, piece));
    this.#sizeBytes += piece.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** Writes a whole stream into a new file, and returns how many bytes it has. Throws as {@link SpoolFile}, and what the stream throws. */
export async function spool(source: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  await using file = await SpoolFile.create(path);
  for await (const piece of source) await file.append(piece);
  return file.sizeBytes;
}

async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskFailure(error, path);
  }
}
