/** Cache of the most recently used values. A value that was dropped is computed again when it is requested. */
export class RecentlyUsed<Key, Value> {
  readonly #limit: number;
  readonly #values = new Map<Key, Value>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: Key, make: (key: Key) => Value): Value {
    const known = this.#values.get(key);
    if (known !== undefined) {
      this.#values.delete(key);
      this.#values.set(key, known);
      return known;
    }
    const made = make(key);
    this.#values.set(key, made);
    if (this.#values.size > this.#limit) {
      const oldest = this.#values.keys().next();
      if (oldest.done !== true) this.#values.delete(oldest.value);
    }
    return made;
  }
}
