import { setTimeout } from 'node:timers/promises';
import { syncFilesystem } from '../../sys/syncfs.ts';

// Work that is over sooner has not read much, and as little is to be written.
const patienceMs = 100;

/**
 * Has the disk written to while something is worked out of what is to be written: reading a step's files again takes as
 * long as writing them out, and the one waits for the processor, the other for the disk. A flush that counts follows;
 * this one only leaves it less to do.
 */
export class EarlyFlush implements AsyncDisposable {
  readonly #directory: string;
  #flushing: Promise<void> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Answers what `work` does. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    this.#flushing ??= this.#flushAfter(over.signal);
    try {
      return await work();
    } finally {
      over.abort();
    }
  }

  /** Nothing is being written any more on its account. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flushing;
  }

  async #flushAfter(over: AbortSignal): Promise<void> {
    try {
      await setTimeout(patienceMs, undefined, { signal: over });
      await syncFilesystem(this.#directory);
    } catch {
      // Over before its time came, or for the flush that counts to tell.
    } finally {
      this.#flushing = undefined;
    }
  }
}
