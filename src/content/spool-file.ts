import { type FileHandle, open } from 'node:fs/promises';
import { writeWhole } from '../sys/write-whole.ts';
import { diskFailure } from './disk-failure.ts';

/**
 * A new file in the store that receives a stream chunk by chunk. Only errors of its own file calls become disk
 * failures; errors of the stream stay what they are. The creator removes the file; disposal only closes it.
 */
export class SpoolFile implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  #sizeBytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Creates the file. Throws ERR_NO_SPACE, and EEXIST for an existing path. */
  static async create(path: string): Promise<SpoolFile> {
    return new SpoolFile(path, await onDisk(path, () => open(path, 'wx', 0o600)));
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Writes the whole chunk at the end. Throws ERR_NO_SPACE. */
  async append(chunk: Uint8Array): Promise<void> {
    await onDisk(this.path, () => writeWhole(this.#file, chunk));
    this.#sizeBytes += chunk.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/**
 * Writes a whole stream into a new file and returns its size in bytes. Throws as {@link SpoolFile} and as the stream.
 */
export async function spool(source: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  await using file = await SpoolFile.create(path);
  for await (const chunk of source) await file.append(chunk);
  return file.sizeBytes;
}

async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskFailure(error, path);
  }
}
