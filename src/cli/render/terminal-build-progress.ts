import type { BuildEvent } from '../../engine/index.ts';
import { type BuildProgress, closingLines, outcomeOf, seconds, type WriteText } from './build-progress.ts';
import { printableLine } from './printable.ts';
import { StepTail } from './step-tail.ts';

interface DrawnStep {
  readonly name: string;
  readonly startedAt: number;
  readonly tail: StepTail;
  outcome: string | undefined;
}

// BuildKit's number of lines for a running step.
const tailLines = 6;
const redrawMs = 100;
// For a terminal without a size.
const usualSize = { columns: 80, rows: 24 };

/**
 * Draws a line per step with its time, redrawn in place, and below a running step the last lines of its output. Steps
 * that no longer fit the window scroll away. Output is escaped: it cannot move the cursor.
 */
export class TerminalBuildProgress implements BuildProgress {
  readonly #write: WriteText;
  readonly #size: () => readonly [columns: number, rows: number];
  readonly #steps = new Map<string, DrawnStep>();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;
  #drawnAt = 0;

  constructor(write: WriteText, size: () => readonly [columns: number, rows: number]) {
    this.#write = write;
    this.#size = size;
    this.#timer = setInterval(() => this.#draw(), redrawMs);
    this.#timer.unref();
  }

  show(event: BuildEvent): void {
    if (event.type === 'step') {
      const shown = this.#stepOf(event.vertex);
      // The full message is printed at the end.
      shown.outcome ??= outcomeOf(event)?.replace(/^ERROR:.*/s, 'ERROR');
      return this.#draw();
    }
    if (event.type === 'log') {
      this.#stepOf(event.vertex).tail.add(event.lines);
      // Drawing at every event would slow the step down: a terminal is slower than a step's output.
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

  #stepOf(vertex: { readonly digest: string; readonly name: string }): DrawnStep {
    const existing = this.#steps.get(vertex.digest);
    if (existing) return existing;
    const name = printableLine(vertex.name);
    const shown: DrawnStep = { name, startedAt: Date.now(), tail: new StepTail(tailLines), outcome: undefined };
    this.#steps.set(vertex.digest, shown);
    return shown;
  }

  #draw(): void {
    this.#drawnAt = Date.now();
    const [width, height] = this.#size();
    const [columns, rows] = [width || usualSize.columns, height || usualSize.rows];
    const lines = [...this.#steps.values()].flatMap((step) => linesOf(step, columns)).slice(-Math.max(1, rows - 1));
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    // Without wrapping: a wide character takes two columns, and a wrapped line would shift all lines above.
    this.#write(`\x1b[?7l${up}\x1b[J${lines.map((line) => `${line}\n`).join('')}\x1b[?7h`);
    this.#drawn = lines.length;
  }
}

function linesOf({ name, outcome, startedAt, tail }: DrawnStep, columns: number): string[] {
  const time = outcome ?? `${seconds(Date.now() - startedAt)}s`;
  const width = Math.max(10, columns - time.length - 6);
  const line = ` => ${name.slice(0, width).padEnd(width)} ${time}`.slice(0, columns);
  return outcome === undefined ? [line, ...tail.lines.map((text) => ` => => # ${text}`.slice(0, columns))] : [line];
}
