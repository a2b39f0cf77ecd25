import type { AbortOptions } from './abort.ts';

const states = { growing: 0, whole: 1, failed: 2 } as const;

/** Interval at which a waiting thread checks for an abort. */
const checkMs = 50;

/**
 * Length of a growing file, shared between the thread that writes it and the threads that read it meanwhile. It is kept in
 * words of shared memory, so that no message is sent for each chunk.
 */
export class Growth {
  /** Shared memory to send to a worker, which wraps it in another Growth. */
  readonly words: SharedArrayBuffer;
  /** Two words: the state, and a counter that every step increments, for threads to wait on. */
  readonly #steps: Int32Array;
  readonly #written: BigInt64Array;

  constructor(words: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.words = words;
    this.#steps = new Int32Array(words, 0, 2);
    this.#written = new BigInt64Array(words, 8, 1);
  }

  get hasFailed(): boolean {
    return Atomics.load(this.#steps, 0) === states.failed;
  }

  /** Reports that the first `bytes` bytes are in the file. */
  reach(bytes: number): void {
    Atomics.store(this.#written, 0, BigInt(bytes));
    this.#step();
  }

  /** Reports that the file is complete. */
  end(): void {
    Atomics.store(this.#steps, 0, states.whole);
    this.#step();
  }

  /** Reports that the file will never be complete. */
  fail(): void {
    Atomics.store(this.#steps, 0, states.failed);
    this.#step();
  }

  /**
   * Blocks the calling thread until the file has more than `offset` bytes or is complete, and returns its length. Calls
   * `check` while it waits; an error thrown there ends the wait.
   * @throws {@link GrowthFailed}
   */
  waitPastSync(offset: number, check: () => void): number {
    for (;;) {
      const seen = Atomics.load(this.#steps, 1);
      const bytes = this.#bytesBeyond(offset);
      if (bytes !== undefined) return bytes;
      Atomics.wait(this.#steps, 1, seen, checkMs);
      check();
    }
  }

  /** Like {@link waitPastSync}, without blocking the thread. */
  async waitPast(offset: number, { signal }: AbortOptions = {}): Promise<number> {
    for (;;) {
      signal?.throwIfAborted();
      const seen = Atomics.load(this.#steps, 1);
      const bytes = this.#bytesBeyond(offset);
      if (bytes !== undefined) return bytes;
      await Atomics.waitAsync(this.#steps, 1, seen, checkMs).value;
    }
  }

  #bytesBeyond(offset: number): number | undefined {
    // In this order, because the writer sets the state after the last length.
    const state = Atomics.load(this.#steps, 0);
    const bytes = Number(Atomics.load(this.#written, 0));
    if (state === states.failed) throw new GrowthFailed();
    return bytes > offset || state === states.whole ? bytes : undefined;
  }

  #step(): void {
    Atomics.add(this.#steps, 1, 1);
    Atomics.notify(this.#steps, 1);
  }
}

/** Thrown to readers when the writer failed; the writer's own error has the cause. */
export class GrowthFailed extends Error {
  constructor() {
    super('the file that is read was never written to its end');
  }
}
