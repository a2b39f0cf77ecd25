import { Buffer } from 'node:buffer';

const vectorBytes = 192 * 1024;

/**
 * Returns a fixed input that exercises a compressor's decisions: text of a growing vocabulary, runs, binary records that repeat
 * at shifting distances, noise. It has three blocks of 64 KiB, so that dictionaries matter.
 */
export function compressorVector(): Uint8Array {
  const bytes = Buffer.alloc(vectorBytes);
  let state = 0x2545f491;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  for (let at = 0; at < vectorBytes; ) {
    const length = Math.min(1 + random(96), vectorBytes - at);
    const kind = random(4);
    const back = 1 + random(Math.min(Math.max(at, 1), 60_000));
    for (let i = 0; i < length; i++, at++) {
      if (kind === 0) bytes[at] = 0x61 + random(1 + (at >> 13));
      else if (kind === 1) bytes[at] = length;
      else if (kind === 2 && at >= back) bytes[at] = bytes[at - back] ?? 0;
      else bytes[at] = random(256);
    }
  }
  return bytes;
}
