import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { watchPath } from '../../sys/watch-path.ts';

// Interval where the directory cannot be watched.
const pollMs = 20;

/** Notices when a container's own process runs: its runtime writes a file then, and only then. */
export class StartWatch implements Disposable {
  readonly #pidFile: string;
  readonly #onStarted: () => void;
  #hasStarted = false;
  #watch: Disposable | undefined;

  /** `onStarted` is called once. The folder of the file exists, the file does not. */
  constructor(pidFile: string, onStarted: () => void) {
    this.#pidFile = pidFile;
    this.#onStarted = onStarted;
    this.#watch = watchPath(dirname(pidFile), () => void this.look()) ?? pollEvery(pollMs, () => void this.look());
  }

  /** Returns true when the process has started. */
  look(): boolean {
    if (!this.#hasStarted && existsSync(this.#pidFile)) this.markStarted();
    return this.#hasStarted;
  }

  /** Marks the process as started, because it has written output. Idempotent. */
  markStarted(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this[Symbol.dispose]();
    this.#onStarted();
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }
}

function pollEvery(intervalMs: number, look: () => void): Disposable {
  const timer = setInterval(look, intervalMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
