import type { FileHandle } from 'node:fs/promises';

/** Appends all of a chunk. A disk with space for a part of it writes that part, and fails only at the next write. */
export async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
}
