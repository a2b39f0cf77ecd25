import { printableLine } from './printable.ts';

const lineFeed = 0x0a;

/** The last lines of a step's output, made safe for a terminal. */
export class StepTail {
  readonly #limit: number;
  #lines: string[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(bytes: Uint8Array): void {
    this.#lines = [...this.#lines, ...linesOf(lastBytes(bytes))].slice(-this.#limit);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}

// More bytes than a terminal shows in a few lines.
const maxBytes = 16 * 1024;

const lastBytes = (bytes: Uint8Array): Uint8Array => bytes.subarray(-maxBytes);

/** Splits output into lines. Text before a carriage return is dropped: a progress bar has overwritten it. */
const linesOf = (bytes: Uint8Array): string[] =>
  new TextDecoder()
    .decode(bytes.at(-1) === lineFeed ? bytes.subarray(0, -1) : bytes)
    .split('\n')
    .map((line) => printableLine(line.replace(/\r+$/, '').replace(/^.*\r/s, '')));
