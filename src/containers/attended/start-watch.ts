import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { watchPath } from '../../sys/watch-path.ts';

const unwatchedMs = 20;

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
    this.#watch = watchPath(dirname(pidFile), () => void this.look()) ?? looking(() => void this.look());
  }

  /** Returns true when the process has started. */
  look(): boolean {
    if (!this.#hasStarted && existsSync(this.#pidFile)) this.tell();
    return this.#hasStarted;
  }

  /** Marks the process as started, because it has written output. Idempotent. */
  tell(): void {
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

function looking(look: () => void): Disposable {
  const timer = setInterval(look, unwatchedMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
