import type { BuildEvent } from '../../engine/index.ts';
import { type BuildProgress, closingLines, outcomeOf, seconds, type WriteText } from './build-progress.ts';
import { printableLine } from './printable.ts';

interface PlainStep {
  readonly number: number;
  readonly startedAt: number;
  isOver: boolean;
}

type LogEvent = Extract<BuildEvent, { type: 'log' }>;

const lineFeed = 0x0a;

/** Writes a line per change, for logs and pipes, as BuildKit's plain progress does. */
export class PlainBuildProgress implements BuildProgress {
  readonly #write: WriteText;
  readonly #steps = new Map<string, PlainStep>();

  constructor(write: WriteText) {
    this.#write = write;
  }

  show(event: BuildEvent): void {
    if (event.type === 'log') return this.#log(event);
    if (event.type === 'step') {
      const shown = this.#stepOf(event.vertex);
      const outcome = outcomeOf(event);
      if (outcome === undefined || shown.isOver) return;
      shown.isOver = true;
      this.#write(`#${shown.number} ${outcome}\n\n`);
      return;
    }
    for (const line of closingLines(event)) this.#write(`${line}\n`);
  }

  end(): void {
    // Every line is complete already.
  }

  /** Writes the step's lines unchanged, with its number and time before each. */
  #log({ vertex, lines }: LogEvent): void {
    const { number, startedAt } = this.#stepOf(vertex);
    const prefix = Buffer.from(`#${number} ${seconds(Date.now() - startedAt, 3)} `);
    const parts: Uint8Array[] = [];
    for (let start = 0; start < lines.length; ) {
      const at = lines.indexOf(lineFeed, start);
      const end = at < 0 ? lines.length : at + 1;
      parts.push(prefix, lines.subarray(start, end));
      start = end;
    }
    if (lines.at(-1) !== lineFeed) parts.push(Buffer.of(lineFeed));
    this.#write(Buffer.concat(parts));
  }

  #stepOf(vertex: { readonly digest: string; readonly name: string }): PlainStep {
    const existing = this.#steps.get(vertex.digest);
    if (existing) return existing;
    const shown = { number: this.#steps.size + 1, startedAt: Date.now(), isOver: false };
    this.#steps.set(vertex.digest, shown);
    this.#write(`#${shown.number} ${printableLine(vertex.name)}\n`);
    return shown;
  }
}
