import { crc32 } from 'node:zlib';

const magicBytes = 2;
const fixedBytes = 8;
const headerCrcFlag = 0x02;
const extraFlag = 0x04;
const nameFlag = 0x08;
const commentFlag = 0x10;
const reservedFlags = 0xe0;

type HeaderField = 'magic' | 'fixed' | 'extra-length' | 'extra' | 'name' | 'comment' | 'crc' | 'over';
const order: readonly HeaderField[] = ['magic', 'fixed', 'extra-length', 'extra', 'name', 'comment', 'crc', 'over'];

// A text field counts as one byte, which is complete when its NUL has been read.
function neededBytes(field: HeaderField, extraBytes: number): number {
  if (field === 'fixed') return fixedBytes;
  if (field === 'extra') return extraBytes;
  return field === 'name' || field === 'comment' ? 1 : 2;
}

/** Parses the header of a gzip member (RFC 1952 §2.3), cut anywhere into chunks, and verifies its checksum if it has one. */
export class GzipHeader {
  readonly #scratch = new Uint8Array(fixedBytes);
  #field: HeaderField = 'magic';
  #have = 0;
  #need = magicBytes;
  #flags = 0;
  #crc = 0;
  failure: string | undefined;

  get isComplete(): boolean {
    return this.#field === 'over';
  }

  /** Consumes the bytes of the header from the front of `input` and returns their number. */
  take(input: Uint8Array): number {
    let at = 0;
    while (at < input.length && !this.isComplete && this.failure === undefined) {
      const from = at;
      const field = this.#field;
      at = field === 'name' || field === 'comment' ? this.#takeText(input, at) : this.#takeBytes(input, at);
      if (field !== 'crc') this.#crc = crc32(input.subarray(from, at), this.#crc);
      if (this.#have === this.#need) this.#leave();
    }
    return at;
  }

  #takeBytes(input: Uint8Array, at: number): number {
    const taken = Math.min(this.#need - this.#have, input.length - at);
    if (this.#field !== 'extra') this.#scratch.set(input.subarray(at, at + taken), this.#have);
    this.#have += taken;
    return at + taken;
  }

  #takeText(input: Uint8Array, at: number): number {
    const end = input.indexOf(0, at);
    if (end >= 0) this.#have = this.#need;
    return end >= 0 ? end + 1 : input.length;
  }

  #leave(): void {
    const [first = 0, second = 0] = this.#scratch;
    const word = first | (second << 8);
    if (this.#field === 'magic' && word !== 0x8b1f) this.failure = 'no gzip header';
    if (this.#field === 'fixed') {
      this.#flags = second;
      if (first !== 8) this.failure = 'unsupported compression method';
      else if ((second & reservedFlags) !== 0) this.failure = 'unknown header flags';
    }
    if (this.#field === 'crc' && word !== (this.#crc & 0xffff)) this.failure = 'incorrect header checksum';
    this.#enter(this.#field === 'extra-length' ? word : 0);
  }

  #enter(extraBytes: number): void {
    const has: { readonly [Name in HeaderField]: boolean } = {
      magic: false,
      fixed: true,
      'extra-length': (this.#flags & extraFlag) !== 0,
      extra: extraBytes > 0,
      name: (this.#flags & nameFlag) !== 0,
      comment: (this.#flags & commentFlag) !== 0,
      crc: (this.#flags & headerCrcFlag) !== 0,
      over: true,
    };
    this.#field = order.slice(order.indexOf(this.#field) + 1).find((field) => has[field]) ?? 'over';
    this.#have = 0;
    this.#need = neededBytes(this.#field, extraBytes);
  }
}
