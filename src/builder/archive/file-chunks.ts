import { readFullyAt } from '../../sys/fd-io.ts';

const chunkBytes = 1 << 18;

/** Reads an open file from its beginning to its end; its position does not matter. */
export async function* fileChunks(fd: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; ; ) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const length = readFullyAt(fd, chunk, offset);
    offset += length;
    if (length > 0) yield chunk.subarray(0, length);
    if (length < chunk.length) return;
  }
}
