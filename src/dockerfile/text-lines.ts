import { StrataError } from '../errors/index.ts';
import { syntaxError } from './dockerfile-error.ts';
import { maxDockerfileBytes, maxLineBytes } from './limits.ts';

/** A line with its newline, if it has one. */
export interface TextLine {
  readonly text: string;
  readonly number: number;
  /** True when some bytes were not UTF-8 and were replaced by U+FFFD. */
  readonly damaged: boolean;
}

function refuseUtf16(bytes: Uint8Array): void {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  if (mark !== 0xfffe && mark !== 0xfeff) return;
  throw new StrataError({
    code: 'ERR_DOCKERFILE_ENCODING',
    message: 'dockerfile: it is encoded as UTF-16',
    hint: 'Save the Dockerfile as UTF-8.',
    details: { line: 1 },
  });
}

function decode(bytes: Uint8Array): { text: string; damaged: boolean } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), damaged: false };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { text: new TextDecoder().decode(bytes), damaged: true };
  }
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}

/** Reads a Dockerfile line by line; a byte order mark at its start is dropped. */
export class TextLines {
  readonly #text: string;
  readonly #damaged: boolean;
  readonly #fixedNumber: number | undefined;
  #offset = 0;
  #count = 0;

  private constructor(text: string, damaged: boolean, fixedNumber?: number) {
    this.#text = text;
    this.#damaged = damaged;
    this.#fixedNumber = fixedNumber;
  }

  static fromBytes(bytes: Uint8Array): TextLines {
    if (bytes.length > maxDockerfileBytes) {
      throw new StrataError({
        code: 'ERR_DOCKERFILE_TOO_LARGE',
        message: `dockerfile: ${bytes.length} bytes are more than the allowed ${maxDockerfileBytes}`,
        hint: 'Put large content into files of the build context and COPY them.',
      });
    }
    refuseUtf16(bytes);
    const { text, damaged } = decode(bytes);
    return new TextLines(text, damaged);
  }

  /** Reads lines that are in no file and all count as line `number` of one: an ONBUILD trigger. */
  static fromText(text: string, number: number): TextLines {
    return new TextLines(text, false, number);
  }

  /** Number of the line read last; 0 before the first. */
  get number(): number {
    return this.#fixedNumber ?? this.#count;
  }

  /** Returns the next line, or undefined at the end. */
  next(): TextLine | undefined {
    if (this.#offset >= this.#text.length) return undefined;
    const newline = this.#text.indexOf('\n', this.#offset);
    const end = newline < 0 ? this.#text.length : newline + 1;
    const text = this.#text.slice(this.#offset, end);
    this.#offset = end;
    this.#count++;
    // A UTF-16 unit is at most three bytes of UTF-8: most lines need no counting.
    if (text.length * 3 > maxLineBytes && utf8Length(newline < 0 ? text : text.slice(0, -1)) > maxLineBytes) {
      throw syntaxError(
        `dockerfile line greater than max allowed size of ${maxLineBytes}`,
        { start: this.number, end: this.number },
        'Break the line, or put the content into a file of the build context.',
      );
    }
    return { text, number: this.number, damaged: this.#damaged && text.includes('\uFFFD') };
  }
}
