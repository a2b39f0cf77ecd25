import type { BuildEvent } from '../../engine/index.ts';
import type { BuildProgress, WriteText } from './build-progress.ts';

/** Writes an event a line as JSON, for programs. Output of steps is decoded as UTF-8. */
export class JsonBuildProgress implements BuildProgress {
  readonly #write: WriteText;

  constructor(write: WriteText) {
    this.#write = write;
  }

  show(event: BuildEvent): void {
    const shown = event.type === 'log' ? { ...event, lines: Buffer.from(event.lines).toString('utf8') } : event;
    // Other errors than StrataError have no `toJSON`.
    const text = JSON.stringify(shown, (_key, value: unknown) =>
      value instanceof Error && !('toJSON' in value) ? { message: value.message } : value,
    );
    this.#write(`${text}\n`);
  }

  end(): void {
    // Every line is complete already.
  }
}
