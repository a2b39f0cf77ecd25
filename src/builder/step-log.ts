import type { OnStepOutput } from './runner.ts';
import type { Log, OutputStream } from './solver/log.ts';

// A longer line is reported in chunks: memory must not depend on a command's output.
const maxLineBytes = 64 * 1024;
const maxTailBytes = 8 * 1024;
const lineFeed = 0x0a;
const empty = Buffer.alloc(0);

/** Splits a command's output into lines, and keeps the last ones for the error message. */
export class StepLog {
  readonly #log: Log;
  readonly #open: Record<OutputStream, Buffer> = { stdout: empty, stderr: empty };
  #tail: Buffer = empty;

  constructor(log: Log) {
    this.#log = log;
  }

  readonly write: OnStepOutput = (stream, chunk, taken) => {
    const bytes = Buffer.concat([this.#open[stream], chunk]);
    const end = bytes.lastIndexOf(lineFeed) + 1;
    const fits = bytes.length - end <= maxLineBytes;
    const lines = fits ? bytes.subarray(0, end) : bytes;
    this.#open[stream] = fits ? Buffer.from(bytes.subarray(end)) : empty;
    if (lines.length === 0) taken();
    else this.#report(stream, lines, taken);
  };

  /** Reports the rest, which has no line end. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#open[stream].length > 0) this.#report(stream, this.#open[stream]);
      this.#open[stream] = empty;
    }
  }

  /** Last lines of both streams, as UTF-8; at most 8 KiB. */
  get tail(): string {
    const text = this.#tail.toString('utf8');
    return this.#tail.length < maxTailBytes ? text : text.slice(text.indexOf('\n') + 1);
  }

  #report(stream: OutputStream, lines: Buffer, taken?: () => void): void {
    this.#tail = Buffer.concat([this.#tail, lines.subarray(-maxTailBytes)]).subarray(-maxTailBytes);
    this.#log(stream, lines, taken);
  }
}
