import { invariant } from '../../lib/invariant.ts';

/** A growing buffer. Numbers are little-endian base 128 (LEB128), signed ones with their sign in front. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number = 1 << 16) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#ensure(1);
    this.#bytes[this.#length++] = value;
  }

  /** Writes a safe integer ≥ 0. */
  number(value: number): void {
    this.#ensure(8);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    while (rest >= 0x80) {
      bytes[at++] = rest >= 0x8000_0000 ? (rest % 0x80) | 0x80 : (rest & 0x7f) | 0x80;
      rest = rest >= 0x8000_0000 ? Math.floor(rest / 0x80) : rest >>> 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  /** Writes a safe integer, with one byte more than {@link number}. */
  signedNumber(value: number): void {
    invariant(Number.isSafeInteger(value), 'indexes hold safe integers');
    this.byte(value < 0 ? 1 : 0);
    this.number(Math.abs(value));
  }

  raw(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#ensure(length);
    this.#bytes.set(bytes, this.#length);
    this.#length += length;
  }

  /** Writes the length, then the bytes. */
  bytes(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.raw(bytes);
  }

  /** Returns the bytes written since the last call: a view that the next write overwrites. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #ensure(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
