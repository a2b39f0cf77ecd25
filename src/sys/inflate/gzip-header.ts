import { crc32 } from 'node:zlib';

const fixedBytes = 10;
const headerCrcFlag = 0x02;
const extraFlag = 0x04;
const nameFlag = 0x08;
const commentFlag = 0x10;
const reservedFlags = 0xe0;

type Field = 'fixed' | 'extra-length' | 'extra' | 'name' | 'comment' | 'crc' | 'over';
const order: readonly Field[] = ['fixed', 'extra-length', 'extra', 'name', 'comment', 'crc', 'over'];

/** Walks the header of a gzip member (RFC 1952 §2.3) that may be cut anywhere, and verifies its checksum if it has one. */
export class GzipHeader {
  readonly #scratch = new Uint8Array(fixedBytes);
  #field: Field = 'fixed';
  #have = 0;
  #need = fixedBytes;
  #flags = 0;
  #crc = 0;
  failure: string | undefined;

  get isComplete(): boolean {
    return this.#field === 'over';
  }

  /** Takes what belongs to the header from the front of `input` and tells how much that was. */
  take(input: Uint8Array): number {
    let at = 0;
    while (at < input.length && !this.isComplete && this.failure === undefined) {
      const from = at;
      const field = this.#field;
      at = field === 'name' || field === 'comment' ? this.#text(input, at) : this.#counted(input, at);
      if (field !== 'crc') this.#crc = crc32(input.subarray(from, at), this.#crc);
      if (this.#have === this.#need) this.#leave();
    }
    return at;
  }

  #counted(input: Uint8Array, at: number): number {
    const taken = Math.min(this.#need - this.#have, input.length - at);
    if (this.#field !== 'extra') this.#scratch.set(input.subarray(at, at + taken), this.#have);
    this.#have += taken;
    return at + taken;
  }

  #text(input: Uint8Array, at: number): number {
    const end = input.indexOf(0, at);
    if (end >= 0) this.#have = this.#need;
    return end >= 0 ? end + 1 : input.length;
  }

  #leave(): void {
    const [first = 0, second = 0, method = 0, flags = 0] = this.#scratch;
    const word = first | (second << 8);
    if (this.#field === 'fixed') {
      this.#flags = flags;
      if (word !== 0x8b1f) this.failure = 'no gzip header';
      else if (method !== 8) this.failure = 'unsupported compression method';
      else if ((flags & reservedFlags) !== 0) this.failure = 'unknown header flags';
    }
    if (this.#field === 'crc' && word !== (this.#crc & 0xffff)) this.failure = 'incorrect header checksum';
    this.#enter(this.#field === 'extra-length' ? word : 0);
  }

  #enter(extraBytes: number): void {
    const has: { readonly [Name in Field]: boolean } = {
      fixed: false,
      'extra-length': (this.#flags & extraFlag) !== 0,
      extra: extraBytes > 0,
      name: (this.#flags & nameFlag) !== 0,
      comment: (this.#flags & commentFlag) !== 0,
      crc: (this.#flags & headerCrcFlag) !== 0,
      over: true,
    };
    this.#field = order.slice(order.indexOf(this.#field) + 1).find((field) => has[field]) ?? 'over';
    this.#have = 0;
    this.#need = { extra: extraBytes, 'extra-length': 2, crc: 2, name: 1, comment: 1, fixed: 0, over: 0 }[this.#field];
  }
}
