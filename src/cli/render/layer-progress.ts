import type { CliContext } from '../context.ts';
import { formatId, formatSize } from './image-fields.ts';
import { printableLine } from './printable.ts';

export interface ShownLayer {
  readonly diffId: string;
  readonly state: string;
  readonly offset: number;
  readonly total: number;
}

/** Shows the progress of layers on standard error, so that standard output stays usable. */
export interface LayerProgressView {
  /** Shows the bytes read of an archive, of `total` if known. */
  archive(offset: number, total: number | undefined): void;
  layer(layer: ShownLayer): void;
  note(text: string): void;
  /** Leaves the cursor on a fresh line. */
  end(): void;
}

/** Opens bars on a terminal; into a log or a pipe, as with docker, only notes; with `quiet` nothing. */
export function openLayerProgress({ err }: CliContext, { quiet }: { readonly quiet: boolean }): LayerProgressView {
  if (quiet) return new NotesOnly(() => undefined);
  if (!process.stderr.isTTY) return new NotesOnly(err);
  return new TerminalLayerProgress(err, windowSize);
}

/** Returns the terminal's size, 80 by 24 if it does not know its own, as on a serial line. */
function windowSize(): [columns: number, rows: number] {
  const [columns, rows] = process.stderr.getWindowSize();
  return [columns || 80, rows || 24];
}

const isOver = ({ state }: ShownLayer): boolean => state === 'done' || state === 'exists';

function outcome({ state, total }: ShownLayer): string {
  return state === 'exists' ? 'Layer already exists' : `Done ${formatSize(total)}`;
}

const nothing = (): void => undefined;

class NotesOnly implements LayerProgressView {
  readonly #write: (text: string) => void;
  readonly archive = nothing;
  readonly layer = nothing;
  readonly end = nothing;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  note(text: string): void {
    this.#write(`${printableLine(text)}\n`);
  }
}

const idWidth = 14;
const barWidth = 40;
const intervalMs = 50;

/** Draws a bar for each layer and redraws it in place; bars that no longer fit the window scroll away. */
export class TerminalLayerProgress implements LayerProgressView {
  readonly #write: (text: string) => void;
  readonly #size: () => readonly [columns: number, rows: number];
  readonly #rows = new Map<string, string>();
  #drawn = 0;
  #drawnAt = 0;

  constructor(write: (text: string) => void, size: () => readonly [columns: number, rows: number]) {
    this.#write = write;
    this.#size = size;
  }

  archive(offset: number, total: number | undefined): void {
    this.#show('archive', total === undefined ? `Reading ${formatSize(offset)}` : bar(offset, total));
  }

  layer(layer: ShownLayer): void {
    this.#show(formatId(layer.diffId, false), isOver(layer) ? outcome(layer) : bar(layer.offset, layer.total));
  }

  note(text: string): void {
    this.#draw();
    this.#drawn = 0;
    this.#rows.clear();
    this.#write(`${printableLine(text)}\n`);
  }

  end(): void {
    if (this.#rows.size > 0) this.#draw();
    this.#drawn = 0;
  }

  #show(name: string, text: string): void {
    this.#rows.set(name, text);
    // Drawing at every event would slow the work down: a terminal is slower than a disk.
    if (Date.now() - this.#drawnAt >= intervalMs) this.#draw();
  }

  #draw(): void {
    this.#drawnAt = Date.now();
    const [columns, rows] = this.#size();
    const lines = [...this.#rows].slice(-Math.max(1, rows - 1));
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    const text = lines.map(([name, state]) => `\x1b[2K${`${name}:`.padEnd(idWidth)}${state}`.slice(0, columns + 4));
    this.#write(up + text.map((line) => `${line}\n`).join(''));
    this.#drawn = lines.length;
  }
}

/** Draws docker's bar: `[====>     ]  12.3MB/45.6MB`. */
function bar(offset: number, total: number): string {
  const part = total === 0 ? 1 : Math.min(1, offset / total);
  const filled = Math.round(part * barWidth);
  const head = filled < barWidth ? '>' : '';
  const body = `${'='.repeat(Math.max(0, filled - head.length))}${head}`.padEnd(barWidth);
  return `[${body}]  ${formatSize(offset)}/${formatSize(total)}`;
}
