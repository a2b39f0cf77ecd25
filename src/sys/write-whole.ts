import type { FileHandle } from 'node:fs/promises';

/** Appends all of a piece: a disk that has room for a part of it takes that, and tells so only the next time. */
export async function writeWhole(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let done = 0; done < piece.length; ) done += (await file.write(piece, done)).bytesWritten;
}
