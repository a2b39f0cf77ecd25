import { type AbortOptions, unlessAborted } from './abort.ts';

/** Computes a value when it is first requested, and keeps it. A failure is not kept: the next request tries again. */
export class Lazy<Value> {
  readonly #make: () => Promise<Value>;
  #value: Promise<Value> | undefined;

  constructor(make: () => Promise<Value>) {
    this.#make = make;
  }

  /** Returns the value. An abort ends this caller's wait only; the computation goes on for the others. */
  async get({ signal }: AbortOptions = {}): Promise<Value> {
    signal?.throwIfAborted();
    this.#value ??= this.#makeAndKeep();
    return await unlessAborted(this.#value, { signal });
  }

  /** Resolves with the value if it was ever requested; undefined if it was not, or if computing it fails. */
  async getIfRequested(): Promise<Value | undefined> {
    return await this.#value?.catch(() => undefined);
  }

  async #makeAndKeep(): Promise<Value> {
    try {
      return await this.#make();
    } catch (error) {
      this.#value = undefined;
      throw error;
    }
  }
}
