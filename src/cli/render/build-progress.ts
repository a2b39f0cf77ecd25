import type { BuildEvent } from '../../engine/index.ts';
import { printable, printableLine } from './printable.ts';

/** Shows a build's events as they come; `end` leaves the cursor on a fresh line. */
export interface BuildProgress {
  show(event: BuildEvent): void;
  end(): void;
}

interface Shown {
  readonly number: number;
  readonly name: string;
  readonly startedAt: number;
  outcome: string | undefined;
}

type StepEvent = Extract<BuildEvent, { type: 'step' }>;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)}s`;

function outcomeOf({ step }: StepEvent): string | undefined {
  switch (step.state) {
    case 'hit':
      return 'CACHED';
    case 'done':
      return `DONE ${seconds(step.endedAt - step.startedAt)}`;
    case 'failed':
      if (isAbort(step.error)) return 'CANCELED';
      return `ERROR: ${printable(messageOf(step.error))}`;
    case 'keyed':
    case 'running':
    case 'unkeyed':
      return undefined;
  }
}

const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function closingLines(event: BuildEvent): string[] {
  if (event.type === 'warning') return [`WARNING: ${printable(event.text)}`];
  if (event.type !== 'image') return [];
  return [`writing image ${event.id}`, ...event.references.map((reference) => `naming to ${reference}`)];
}

/** A line per change, for logs and pipes, in the manner of BuildKit's plain progress. */
export class PlainBuildProgress implements BuildProgress {
  readonly #write: (text: string) => void;
  readonly #steps = new Map<string, Shown>();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  show(event: BuildEvent): void {
    if (event.type === 'step' || event.type === 'log') {
      const shown = this.#stepOf(event.vertex);
      if (event.type === 'log') return this.#write(`#${shown.number} ${printable(event.line)}\n`);
      const outcome = outcomeOf(event);
      if (outcome === undefined || shown.outcome !== undefined) return;
      shown.outcome = outcome;
      this.#write(`#${shown.number} ${outcome}\n\n`);
      return;
    }
    for (const line of closingLines(event)) this.#write(`${line}\n`);
  }

  end(): void {
    // Every line is complete already.
  }

  #stepOf(vertex: { readonly digest: string; readonly name: string }): Shown {
    const standing = this.#steps.get(vertex.digest);
    if (standing) return standing;
    const shown = {
      number: this.#steps.size + 1,
      name: printableLine(vertex.name),
      startedAt: Date.now(),
      outcome: undefined,
    };
    this.#steps.set(vertex.digest, shown);
    this.#write(`#${shown.number} ${vertex.name}\n`);
    return shown;
  }
}

/** An event a line, for programs. */
export class JsonBuildProgress implements BuildProgress {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  show(event: BuildEvent): void {
    // Only our own errors know how to become JSON.
    const text = JSON.stringify(event, (_key, value: unknown) =>
      value instanceof Error && !('toJSON' in value) ? { message: value.message } : value,
    );
    this.#write(`${text}\n`);
  }

  end(): void {
    // Every line is complete already.
  }
}

/** A line per step, redrawn in place with its time; steps that no longer fit the window scroll away. */
export class TerminalBuildProgress implements BuildProgress {
  readonly #write: (text: string) => void;
  readonly #size: () => readonly [columns: number, rows: number];
  readonly #steps = new Map<string, Shown>();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;

  constructor(write: (text: string) => void, size: () => readonly [columns: number, rows: number]) {
    this.#write = write;
    this.#size = size;
    this.#timer = setInterval(() => this.#draw(), 100);
    this.#timer.unref();
  }

  show(event: BuildEvent): void {
    if (event.type === 'step') {
      const { digest } = event.vertex;
      const name = printableLine(event.vertex.name);
      const shown = this.#steps.get(digest) ?? { number: 0, name, startedAt: Date.now(), outcome: undefined };
      shown.outcome ??= outcomeOf(event);
      this.#steps.set(digest, shown);
      this.#draw();
      return;
    }
    const lines = closingLines(event);
    if (lines.length === 0) return;
    this.#draw();
    this.#drawn = 0;
    for (const line of lines) this.#write(` => ${line}\n`);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#drawn > 0) this.#draw();
  }

  #draw(): void {
    const [columns, rows] = this.#size();
    const steps = [...this.#steps.values()].slice(-Math.max(1, rows - 1));
    const lines = steps.map(({ name, outcome, startedAt }) => {
      const time = outcome ?? seconds(Date.now() - startedAt);
      const width = Math.max(10, columns - time.length - 6);
      return ` => ${name.slice(0, width).padEnd(width)} ${time}`.slice(0, columns);
    });
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    this.#write(`${up}${lines.map((line) => `\x1b[2K${line}\n`).join('')}`);
    this.#drawn = lines.length;
  }
}
