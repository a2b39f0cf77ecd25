import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { corruptIndex } from './corrupt-index.ts';

// Most bytes that a tree does not hold are zeros: end blocks, record padding, up to gigabytes of both in hostile
// archives (tar-split CVE-2017-14992). So they are coded as runs: of zeros (length × 2) or of bytes (length × 2 + 1).

const grain = 4096;
const zeros = Buffer.alloc(grain);
const maxLiteral = 1 << 30;

export function isAllZero(bytes: Uint8Array, from = 0, to: number = bytes.length): boolean {
  if (to - from < 64) {
    for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
    return true;
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at < to; at += grain) {
    const end = Math.min(at + grain, to);
    if (view.compare(zeros, 0, end - at, at, end) !== 0) return false;
  }
  return true;
}

/** Writes bytes as runs: whole grains of zeros by their length alone, all else literally. */
export class RunCoder {
  readonly #out: ByteWriter;
  #zeros = 0;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /** Adds a chunk; returns how many of its bytes are written literally. */
  add(bytes: Uint8Array): number {
    let literal = 0;
    let start = 0;
    for (let at = 0; at < bytes.length; at += grain) {
      const end = Math.min(at + grain, bytes.length);
      if (!isAllZero(bytes, at, end)) continue;
      literal += this.#literal(bytes, start, at);
      this.#zeros += end - at;
      start = end;
    }
    return literal + this.#literal(bytes, start, bytes.length);
  }

  /** Ends the last run. Call it after the last chunk. */
  finish(): void {
    if (this.#zeros > 0) this.#out.number(this.#zeros * 2);
    this.#zeros = 0;
  }

  #literal(bytes: Uint8Array, from: number, to: number): number {
    if (from === to) return 0;
    this.finish();
    this.#out.number((to - from) * 2 + 1);
    this.#out.raw(bytes.subarray(from, to));
    return to - from;
  }
}

/**
 * Yields the decoded bytes, `total` of them.
 * @throws ERR_INDEX_CORRUPT
 */
export function* decodeRuns(input: ByteReader, total: number): Generator<Uint8Array> {
  let left = total;
  while (input.left > 0) {
    const head = input.number();
    const length = Math.floor(head / 2);
    if (length > left) throw corruptIndex('holds more bytes than an entry has');
    left -= length;
    if (head % 2 === 1) {
      if (length > maxLiteral) throw corruptIndex('holds a run out of range');
      yield input.raw(length);
    } else {
      for (let rest = length; rest > 0; rest -= grain) yield zeros.subarray(0, Math.min(rest, grain));
    }
  }
  if (left > 0) throw corruptIndex('holds fewer bytes than an entry has');
}
