import type { BuildEvent } from '../../engine/index.ts';
import type { BuildProgress, Write } from './build-progress.ts';

/** An event a line, for programs; what steps write is text there, taken as UTF-8. */
export class JsonBuildProgress implements BuildProgress {
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  show(event: BuildEvent): void {
    const shown = event.type === 'log' ? { ...event, lines: Buffer.from(event.lines).toString('utf8') } : event;
    // Only our own errors know how to become JSON.
    const text = JSON.stringify(shown, (_key, value: unknown) =>
      value instanceof Error && !('toJSON' in value) ? { message: value.message } : value,
    );
    this.#write(`${text}\n`);
  }

  end(): void {
    // Every line is complete already.
  }
}
