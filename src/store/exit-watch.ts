import type { AbortOptions } from '../lib/abort.ts';
import { watchPath } from '../sys/watch-path.ts';

/** One wait for a container. */
export interface ExitWait extends AbortOptions {
  /** Checks thoroughly; true ends the wait. */
  readonly isOver: () => Promise<boolean>;
  /**
   * Checks cheaply: returns a text that stays the same while nothing can have changed, or undefined if only `isOver`
   * can decide. Equal for all waits for one container: only the first one's is called.
   */
  readonly glance: () => string | undefined;
}

interface Watched {
  readonly glance: ExitWait['glance'];
  readonly waiting: Set<() => void>;
  seen: string | undefined;
}

// Interval of the checks: a killed supervisor writes no exit file.
const checkEveryMs = 500;
// A glance takes about 50 µs, so for any number of containers the timer takes about 1 % of a core.
const pauseForEachMs = 5;

/** Returns undefined if the glance throws, which a timer must not: `isOver` then reports the error to the waiters. */
function glanceOf({ glance }: Pick<Watched, 'glance'>): string | undefined {
  try {
    return glance();
  } catch {
    return undefined;
  }
}

/**
 * Waits for containers of one store to end. All waits share one watch on the folder of exit files and one timer, which
 * exist while there is a wait.
 */
export class ExitWatch {
  readonly #directory: string;
  readonly #containers = new Map<string, Watched>();
  #watch: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `directory` is the folder in which supervisors write exit files, each named by the container's ID. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Resolves once `isOver` returns true. It is called at once, when the exit file appears, and when `glance` changes.
   */
  async waitUntilOver(id: string, { isOver, glance, signal }: ExitWait): Promise<void> {
    let wake = (): void => undefined;
    const onChange = (): void => wake();
    signal?.addEventListener('abort', onChange);
    try {
      this.#add(id, glance, onChange);
      for (;;) {
        signal?.throwIfAborted();
        const change = new Promise<void>((resolve) => (wake = resolve));
        if (await isOver()) return;
        await change;
      }
    } finally {
      signal?.removeEventListener('abort', onChange);
      this.#remove(id, onChange);
    }
  }

  #add(id: string, glance: ExitWait['glance'], onChange: () => void): void {
    const watched = this.#containers.get(id);
    if (watched === undefined)
      this.#containers.set(id, { glance, waiting: new Set([onChange]), seen: glanceOf({ glance }) });
    else watched.waiting.add(onChange);
    this.#watch ??= watchPath(this.#directory, (name) => this.#wake(name));
    this.#timer ??= this.#startTimer();
  }

  #remove(id: string, onChange: () => void): void {
    const watched = this.#containers.get(id);
    watched?.waiting.delete(onChange);
    if (watched?.waiting.size === 0) this.#containers.delete(id);
    if (this.#containers.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #startTimer(): NodeJS.Timeout {
    const pauseMs = Math.max(checkEveryMs, this.#containers.size * pauseForEachMs);
    return setTimeout(() => {
      this.#timer = this.#startTimer();
      for (const [id, watched] of this.#containers) {
        const seen = glanceOf(watched);
        if (seen === undefined || seen !== watched.seen) this.#wake(id);
        watched.seen = seen;
      }
    }, pauseMs);
  }

  #wake(id: string | undefined): void {
    const woken = id === undefined ? [...this.#containers.values()] : [this.#containers.get(id)];
    for (const watched of woken) for (const onChange of watched?.waiting ?? []) onChange();
  }
}
