import { corruptIndex } from './corrupt-index.ts';

/** Reads the output of `ByteWriter`. Checks every step, because an index on disk may be damaged or forged. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  get position(): number {
    return this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw corruptIndex('ends inside a record');
    return value;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw corruptIndex('holds a number out of range');
  }

  signedNumber(): number {
    const sign = this.byte();
    const value = this.number();
    return sign === 0 ? value : -value;
  }

  /** Returns a view of the next `count` bytes. */
  raw(count: number): Uint8Array {
    if (count > this.left) throw corruptIndex('ends inside a record');
    const bytes = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return bytes;
  }

  bytes(): Uint8Array {
    return this.raw(this.number());
  }
}
