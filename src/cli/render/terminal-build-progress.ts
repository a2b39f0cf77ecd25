import type { BuildEvent } from '../../engine/index.ts';
import { type BuildProgress, closingLines, outcomeOf, seconds, type Write } from './build-progress.ts';
import { printableLine } from './printable.ts';
import { StepTail } from './step-tail.ts';

interface Shown {
  readonly name: string;
  readonly startedAt: number;
  readonly tail: StepTail;
  outcome: string | undefined;
}

// As BuildKit shows of a step that runs.
const tailLines = 6;
const redrawMs = 100;
// Of a terminal that does not say.
const usualSize = { columns: 80, rows: 24 };

/**
 * A line per step, redrawn in place with its time, and below one that runs the last of what it wrote; steps that no longer
 * fit the window scroll away. What a step writes is shown as text: nothing of it moves the cursor.
 */
export class TerminalBuildProgress implements BuildProgress {
  readonly #write: Write;
  readonly #size: () => readonly [columns: number, rows: number];
  readonly #steps = new Map<string, Shown>();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;
  #drawnAt = 0;

  constructor(write: Write, size: () => readonly [columns: number, rows: number]) {
    this.#write = write;
    this.#size = size;
    this.#timer = setInterval(() => this.#draw(), redrawMs);
    this.#timer.unref();
  }

  show(event: BuildEvent): void {
    if (event.type === 'step') {
      const shown = this.#stepOf(event.vertex);
      // The message follows at the end, in full.
      shown.outcome ??= outcomeOf(event)?.replace(/^ERROR:.*/s, 'ERROR');
      return this.#draw();
    }
    if (event.type === 'log') {
      this.#stepOf(event.vertex).tail.add(event.lines);
      // A terminal is slower than a step can write.
      if (Date.now() - this.#drawnAt >= redrawMs) this.#draw();
      return;
    }
    const lines = closingLines(event);
    if (lines.length === 0) return;
    this.#draw();
    this.#drawn = 0;
    this.#steps.clear();
    for (const line of lines) this.#write(` => ${line}\n`);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#drawn > 0) this.#draw();
  }

  #stepOf(vertex: { readonly digest: string; readonly name: string }): Shown {
    const standing = this.#steps.get(vertex.digest);
    if (standing) return standing;
    const name = printableLine(vertex.name);
    const shown: Shown = { name, startedAt: Date.now(), tail: new StepTail(tailLines), outcome: undefined };
    this.#steps.set(vertex.digest, shown);
    return shown;
  }

  #draw(): void {
    this.#drawnAt = Date.now();
    const [width, height] = this.#size();
    const [columns, rows] = [width || usualSize.columns, height || usualSize.rows];
    const lines = [...this.#steps.values()].flatMap((step) => linesOf(step, columns)).slice(-Math.max(1, rows - 1));
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    // Without wrapping: a wide character takes two columns, and a wrapped line would put all those above out of place.
    this.#write(`\x1b[?7l${up}\x1b[J${lines.map((line) => `${line}\n`).join('')}\x1b[?7h`);
    this.#drawn = lines.length;
  }
}

function linesOf({ name, outcome, startedAt, tail }: Shown, columns: number): string[] {
  const time = outcome ?? `${seconds(Date.now() - startedAt)}s`;
  const width = Math.max(10, columns - time.length - 6);
  const line = ` => ${name.slice(0, width).padEnd(width)} ${time}`.slice(0, columns);
  return outcome === undefined ? [line, ...tail.lines.map((text) => ` => => # ${text}`.slice(0, columns))] : [line];
}
