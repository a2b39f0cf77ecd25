import { type AbortOptions, unlessAborted } from '../lib/abort.ts';
import { monotonicMs } from './monotonic.ts';
import { pause } from './pause.ts';
import { watchPath } from './watch-path.ts';

// A file that is written line by line is read several lines at a time.
const gatherMs = 20;
const unwatchedMs = 50;

/** Reports when a file may have changed and should be read again. Costs nothing while the file is idle. */
export class FileChanges implements Disposable {
  readonly #path: string;
  #watch: Disposable | undefined;
  #isNotified = false;
  #wake: () => void = () => undefined;
  #lastMs = 0;

  constructor(path: string) {
    this.#path = path;
    this.#watch = watchPath(path, () => this.notify());
  }

  /** Makes {@link next} resolve, as a change of the file does. */
  notify(): void {
    this.#isNotified = true;
    this.#wake();
  }

  /** Resolves once there was a change or a {@link notify} since it last resolved. */
  async next({ signal }: AbortOptions): Promise<void> {
    if (!this.#isNotified) {
      // The file may exist by now. A new watch misses what was written before it, so it counts as a change.
      this.#watch ??= this.#startWatch();
    }
    if (!this.#isNotified) {
      const notified = new Promise<void>((resolve) => (this.#wake = resolve));
      await (this.#watch === undefined ? pause(unwatchedMs, { signal }) : unlessAborted(notified, { signal }));
    }
    const waited = monotonicMs() - this.#lastMs;
    if (waited < gatherMs) await pause(gatherMs - waited, { signal });
    this.#isNotified = false;
    this.#lastMs = monotonicMs();
  }

  #startWatch(): Disposable | undefined {
    const watch = watchPath(this.#path, () => this.notify());
    if (watch !== undefined) this.#isNotified = true;
    return watch;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }
}
