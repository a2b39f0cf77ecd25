import { Buffer } from 'node:buffer';
import type { SourceReader } from './source-reader.ts';

export interface Block {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/**
 * Cuts a stream into blocks of `blockBytes`, regardless of its chunks. Only the last block may be shorter, and an empty
 * stream gives one empty block. Each block is a copy.
 */
export async function* blocksOf(reader: SourceReader, blockBytes: number): AsyncGenerator<Block, void> {
  let block = Buffer.allocUnsafeSlow(blockBytes);
  let filled = 0;
  for (let chunk = await reader.next(); chunk; chunk = await reader.next()) {
    for (let at = 0; at < chunk.length; ) {
      // A full block is known not to be the last only once more bytes follow.
      if (filled === blockBytes) {
        yield { bytes: block, isLast: false };
        block = Buffer.allocUnsafeSlow(blockBytes);
        filled = 0;
      }
      const taken = Math.min(blockBytes - filled, chunk.length - at);
      block.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
    }
  }
  yield { bytes: block.subarray(0, filled), isLast: true };
}
