import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM'] as const;

// Docker's command also obeys the third signal in any case.
const lastWarning = 3;

/**
 * Handles SIGINT and SIGTERM for a command: the first asks the work to stop and clean up, the second ends the process
 * at once. Once the signals are handed over to a container, only the third aborts.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #handlers = signals.map((name) => ({ name, handler: () => this.#onSignal(name) }));
  #handedOver = false;
  #count = 0;
  /** Exit code after an abort: 128 and the signal's number. */
  exitCode = 130;

  constructor() {
    for (const { name, handler } of this.#handlers) process.on(name, handler);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  handOver(): void {
    this.#handedOver = true;
  }

  close(): void {
    for (const { name, handler } of this.#handlers) process.off(name, handler);
  }

  #onSignal(name: (typeof signals)[number]): void {
    this.#count++;
    if (this.#handedOver && this.#count < lastWarning) return;
    this.exitCode = 128 + constants.signals[name];
    if (this.signal.aborted) process.exit(this.exitCode);
    this.#controller.abort(new DOMException('interrupted', 'AbortError'));
  }
}
