import { type AbortOptions, unlessAborted } from './abort.ts';

/** A value that is made when it is first asked for, and then kept. A failure is not kept: who asks next has it tried again. */
export class Lazy<Value> {
  readonly #make: () => Promise<Value>;
  #value: Promise<Value> | undefined;

  constructor(make: () => Promise<Value>) {
    this.#make = make;
  }

  /** An abort ends the wait of whoever aborts; the value is made to its end, for others that wait. */
  async get({ signal }: AbortOptions = {}): Promise<Value> {
    signal?.throwIfAborted();
    this.#value ??= this.#kept();
    return await unlessAborted(this.#value, { signal });
  }

  /** Resolves with the value once it is made, if anybody has asked for it; undefined otherwise, or when that fails. */
  async made(): Promise<Value | undefined> {
    return await this.#value?.catch(() => undefined);
  }

  async #kept(): Promise<Value> {
    try {
      return await this.#make();
    } catch (error) {
      this.#value = undefined;
      throw error;
    }
  }
}
