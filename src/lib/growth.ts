import type { AbortOptions } from './abort.ts';

const states = { growing: 0, whole: 1, failed: 2 } as const;

/** How often a thread that waits looks whether it is to stop. */
const lookMs = 50;

/**
 * How far a file is written, shared between the thread that writes it and threads that read it meanwhile. Words of shared
 * memory: no message is sent for a piece.
 */
export class Growth {
  /** To be sent to a worker, which makes a Growth of its own around it. */
  readonly words: SharedArrayBuffer;
  /** State; a count that changes with every step, to wait on. */
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

  /** So many bytes from the start are in the file. */
  reach(bytes: number): void {
    Atomics.store(this.#written, 0, BigInt(bytes));
    this.#step();
  }

  /** No more bytes follow. */
  end(): void {
    Atomics.store(this.#steps, 0, states.whole);
    this.#step();
  }

  /** No more bytes follow, and the file is worth nothing. */
  fail(): void {
    Atomics.store(this.#steps, 0, states.failed);
    this.#step();
  }

  /**
   * Blocks the calling thread until more than `offset` bytes are there or no more follow; returns how many are there.
   * `check` is called while it waits and throws to end that. Throws {@link GrowthFailed}.
   */
  waitBeyond(offset: number, check: () => void): number {
    for (;;) {
      const seen = Atomics.load(this.#steps, 1);
      const bytes = this.#bytesBeyond(offset);
      if (bytes !== undefined) return bytes;
      Atomics.wait(this.#steps, 1, seen, lookMs);
      check();
    }
  }

  /** {@link waitBeyond} for a thread that goes on meanwhile. */
  async beyond(offset: number, { signal }: AbortOptions = {}): Promise<number> {
    for (;;) {
      signal?.throwIfAborted();
      const seen = Atomics.load(this.#steps, 1);
      const bytes = this.#bytesBeyond(offset);
      if (bytes !== undefined) return bytes;
      await Atomics.waitAsync(this.#steps, 1, seen, lookMs).value;
    }
  }

  #bytesBeyond(offset: number): number | undefined {
    // In this order: the end is said after the last bytes.
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

/** The writer gave up; the failure that counts is the writer's own. */
export class GrowthFailed extends Error {
  constructor() {
    super('the file that is read was never written to its end');
  }
}
