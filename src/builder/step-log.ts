import type { OnOutput } from './runner.ts';
import type { Log, OutputStream } from './solver/log.ts';

// A longer line is told in pieces: memory must not depend on what a command writes.
const maxLineBytes = 64 * 1024;
const maxTailBytes = 8 * 1024;
const lineFeed = 0x0a;
const empty = Buffer.alloc(0);

/** Cuts what a command writes into lines, and remembers the last of them for the message of its failure. */
export class StepLog {
  readonly #log: Log;
  readonly #open: Record<OutputStream, Buffer> = { stdout: empty, stderr: empty };
  #tail: Buffer = empty;

  constructor(log: Log) {
    this.#log = log;
  }

  readonly write: OnOutput = (stream, chunk, taken) => {
    const bytes = Buffer.concat([this.#open[stream], chunk]);
    const end = bytes.lastIndexOf(lineFeed) + 1;
    const keeps = bytes.length - end <= maxLineBytes;
    const lines = keeps ? bytes.subarray(0, end) : bytes;
    this.#open[stream] = keeps ? Buffer.from(bytes.subarray(end)) : empty;
    if (lines.length === 0) taken();
    else this.#pass(stream, lines, taken);
  };

  /** Tells what has no line end. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#open[stream].length > 0) this.#pass(stream, this.#open[stream]);
      this.#open[stream] = empty;
    }
  }

  /** The last lines of both streams, as UTF-8; at most 8 KiB. */
  get tail(): string {
    const text = this.#tail.toString('utf8');
    return this.#tail.length < maxTailBytes ? text : text.slice(text.indexOf('\n') + 1);
  }

  #pass(stream: OutputStream, lines: Buffer, taken?: () => void): void {
    this.#tail = Buffer.concat([this.#tail, lines.subarray(-maxTailBytes)]).subarray(-maxTailBytes);
    this.#log(stream, lines, taken);
  }
}
