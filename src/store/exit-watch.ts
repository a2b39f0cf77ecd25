import type { AbortOptions } from '../lib/abort.ts';
import { watchPath } from '../sys/watch-path.ts';

export interface ExitWait extends AbortOptions {
  /** Looks closely: true when the wait is over. */
  readonly isOver: () => Promise<boolean>;
  /**
   * Looks briefly: a text that stays the same as long as nothing can have changed, or undefined when only `isOver` knows.
   * The same for everybody who waits for one container.
   */
  readonly glance: () => string | undefined;
}

interface Watched {
  readonly glance: ExitWait['glance'];
  readonly waiting: Set<() => void>;
  seen: string | undefined;
}

// How often a container is looked at whose supervisor may have died without a word.
const lookMs = 500;
// A glance takes some 50 µs: however many containers are waited for, the clock takes about 1 % of a core.
const pauseForEachMs = 5;

/** Returns undefined for a glance that fails: nobody could catch what a timer throws, and a close look tells the waiters. */
function glanceOf({ glance }: Pick<Watched, 'glance'>): string | undefined {
  try {
    return glance();
  } catch {
    return undefined;
  }
}

/**
 * Wakes those who wait for containers of one store to end: a single watch on the folder of exit files and a single clock,
 * from the first who waits to the last.
 */
export class ExitWatch {
  readonly #directory: string;
  readonly #containers = new Map<string, Watched>();
  #watch: Disposable | undefined;
  #clock: NodeJS.Timeout | undefined;

  /** `directory` is where supervisors write exit files, each named by the container's ID. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Resolves once `isOver` does with true: it is asked at once, when the exit file appears, and when `glance` changes. */
  async waitUntilOver(id: string, { isOver, glance, signal }: ExitWait): Promise<void> {
    let wake = (): void => undefined;
    const onNews = (): void => wake();
    signal?.addEventListener('abort', onNews);
    try {
      this.#add(id, glance, onNews);
      for (;;) {
        signal?.throwIfAborted();
        const news = new Promise<void>((resolve) => (wake = resolve));
        if (await isOver()) return;
        await news;
      }
    } finally {
      signal?.removeEventListener('abort', onNews);
      this.#remove(id, onNews);
    }
  }

  #add(id: string, glance: ExitWait['glance'], onNews: () => void): void {
    const watched = this.#containers.get(id);
    if (watched === undefined)
      this.#containers.set(id, { glance, waiting: new Set([onNews]), seen: glanceOf({ glance }) });
    else watched.waiting.add(onNews);
    this.#watch ??= watchPath(this.#directory, (name) => this.#wake(name));
    this.#clock ??= this.#startClock();
  }

  #remove(id: string, onNews: () => void): void {
    const watched = this.#containers.get(id);
    watched?.waiting.delete(onNews);
    if (watched?.waiting.size === 0) this.#containers.delete(id);
    if (this.#containers.size > 0) return;
    clearTimeout(this.#clock);
    this.#clock = undefined;
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #startClock(): NodeJS.Timeout {
    const pauseMs = Math.max(lookMs, this.#containers.size * pauseForEachMs);
    return setTimeout(() => {
      this.#clock = this.#startClock();
      for (const [id, watched] of this.#containers) {
        const seen = glanceOf(watched);
        if (seen === undefined || seen !== watched.seen) this.#wake(id);
        watched.seen = seen;
      }
    }, pauseMs);
  }

  #wake(id: string | undefined): void {
    const woken = id === undefined ? [...this.#containers.values()] : [this.#containers.get(id)];
    for (const watched of woken) for (const onNews of watched?.waiting ?? []) onNews();
  }
}
