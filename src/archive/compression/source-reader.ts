import { Buffer } from 'node:buffer';
import type { AbortOptions } from '../../lib/abort.ts';

type Pull = IteratorResult<Uint8Array, unknown>;

/**
 * Pulls chunks from a source. An abort or disposal takes effect at once, even while the source never responds. Disposal closes
 * the source, and waits for that unless the source is busy, because a generator that is stuck in `next` does not return.
 */
export class SourceReader implements AsyncDisposable {
  readonly #iterator: AsyncIterator<Uint8Array, unknown>;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#interruption?.reject(this.#signal?.reason);
  #interruption: PromiseWithResolvers<Pull> | undefined;
  #ahead: Uint8Array | undefined;
  #isBusy = false;
  #isOver = false;

  constructor(source: AsyncIterable<Uint8Array>, options: AbortOptions = {}) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#signal = options.signal;
    this.#signal?.addEventListener('abort', this.#abort);
  }

  /** Returns the next non-empty chunk; undefined at the end. Throws the signal's reason or the source's failure. */
  async next(): Promise<Uint8Array | undefined> {
    this.#signal?.throwIfAborted();
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead && ahead.length > 0) return ahead;
    while (!this.#isOver) {
      const { done, value } = await this.#pull();
      if (done === true) this.#isOver = true;
      else if (value.length > 0) return value;
    }
    return undefined;
  }

  /** Returns the first `bytes` bytes, or fewer at the end, without consuming them. Only before the first `next`. */
  async peek(bytes: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let have = 0; have < bytes; ) {
      const chunk = await this.next();
      if (!chunk) break;
      parts.push(Uint8Array.from(chunk));
      have += chunk.length;
    }
    this.#ahead = Buffer.concat(parts);
    return this.#ahead.subarray(0, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#abort);
    if (this.#isOver) return;
    this.#isOver = true;
    const closing = this.#iterator.return?.();
    this.#interruption?.resolve({ done: true, value: undefined });
    if (this.#isBusy) closing?.catch(() => {});
    else await closing;
  }

  async #pull(): Promise<Pull> {
    const clearBusy = (): void => {
      this.#isBusy = false;
    };
    this.#isBusy = true;
    const pending = this.#iterator.next();
    pending.then(clearBusy, clearBusy);
    this.#interruption = Promise.withResolvers();
    try {
      return await Promise.race([pending, this.#interruption.promise]);
    } catch (error) {
      // A source that failed has ended; one whose wait was interrupted must still be closed.
      if (!this.#isBusy) this.#isOver = true;
      throw error;
    } finally {
      this.#interruption = undefined;
    }
  }
}
