import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM'] as const;

// As docker's command: who asks three times is meant to be heard.
const lastWarning = 3;

/**
 * What an interrupt means to a command: the first asks the work to stop and clean up, the second ends the process at
 * once. While a container has the signals they are none of ours, up to the third, which stops the container.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #handlers = signals.map((name) => ({ name, handler: () => this.#onSignal(name) }));
  #handedOver = false;
  #count = 0;
  /** What the process ends with after an abort: 128 and the signal's number. */
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
