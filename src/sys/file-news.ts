import { type AbortOptions, unlessAborted } from '../lib/abort.ts';
import { monotonicMs } from './monotonic.ts';
import { pause } from './pause.ts';
import { watchPath } from './watch-path.ts';

// What is written line by line is read several lines at a time.
const gatherMs = 20;
const unwatchedMs = 50;

/** Says when it is worth reading a file again: it may have changed, or somebody told of something. Idle, it costs nothing. */
export class FileNews implements Disposable {
  readonly #path: string;
  #watch: Disposable | undefined;
  #isNew = false;
  #wake: () => void = () => undefined;
  #lastNews = 0;

  constructor(path: string) {
    this.#path = path;
    this.#watch = watchPath(path, () => this.tell());
  }

  tell(): void {
    this.#isNew = true;
    this.#wake();
  }

  /** Resolves when there is news since it last resolved. */
  async next({ signal }: AbortOptions): Promise<void> {
    if (!this.#isNew) {
      // The file may be there by now; what was written to it before is seen by the look that follows.
      this.#watch ??= this.#watched();
    }
    if (!this.#isNew) {
      const news = new Promise<void>((resolve) => (this.#wake = resolve));
      await (this.#watch === undefined ? pause(unwatchedMs, { signal }) : unlessAborted(news, { signal }));
    }
    const waited = monotonicMs() - this.#lastNews;
    if (waited < gatherMs) await pause(gatherMs - waited, { signal });
    this.#isNew = false;
    this.#lastNews = monotonicMs();
  }

  #watched(): Disposable | undefined {
    const watch = watchPath(this.#path, () => this.tell());
    if (watch !== undefined) this.#isNew = true;
    return watch;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }
}
