import { Buffer } from 'node:buffer';
import type { AbortOptions } from '../../lib/abort.ts';

type Pull = IteratorResult<Uint8Array, unknown>;

/**
 * Pulls from a source in such a way that an abort, or disposal, wins at once over a source that never answers.
 * Disposal closes the source; it waits for that unless the source is busy, because a generator stuck in `next` would
 * not return before that.
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

  /** The next non-empty chunk, `undefined` at the end. Throws the signal's reason or the source's failure. */
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

  /** The first `bytes` bytes, or all there are when fewer; they stay to be read. Only before the first `next`. */
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
    const settled = (): void => {
      this.#isBusy = false;
    };
    this.#isBusy = true;
    const pending = this.#iterator.next();
    pending.then(settled, settled);
    this.#interruption = Promise.withResolvers();
    try {
      return await Promise.race([pending, this.#interruption.promise]);
    } catch (error) {
      // A source that failed is over; one that was only interrupted is still to be closed.
      if (!this.#isBusy) this.#isOver = true;
      throw error;
    } finally {
      this.#interruption = undefined;
    }
  }
}
