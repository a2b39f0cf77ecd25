import { printableLine } from './printable.ts';

const lineFeed = 0x0a;

/** The last lines a step wrote, as they may stand on a terminal. */
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

// More than any terminal shows of a few lines.
const maxBytes = 16 * 1024;

const lastBytes = (bytes: Uint8Array): Uint8Array => bytes.subarray(-maxBytes);

/** A carriage return begins a line anew: what a progress bar showed before is gone. */
const linesOf = (bytes: Uint8Array): string[] =>
  new TextDecoder()
    .decode(bytes.at(-1) === lineFeed ? bytes.subarray(0, -1) : bytes)
    .split('\n')
    .map((line) => printableLine(line.replace(/\r+$/, '').replace(/^.*\r/s, '')));
