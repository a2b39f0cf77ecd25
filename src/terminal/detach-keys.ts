import { StrataError } from '../errors/index.ts';

/** Docker's default: ctrl-p, ctrl-q. */
export const defaultDetachKeys: Uint8Array = Uint8Array.of(0x10, 0x11);

const controls = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/**
 * Parses a sequence of keys in docker's syntax into bytes: characters, `ctrl-` and one of `a`–`z`, `@`, `[`, `\`, `]`,
 * `^`, `_`, or `DEL`, separated by commas. Empty text is the default. Throws ERR_DETACH_KEYS_INVALID.
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return defaultDetachKeys;
  return Uint8Array.from(text.split(','), (key) => {
    const control = key.startsWith('ctrl-') && key.length === 6 ? controls.indexOf(key.charAt(5)) : -1;
    if (control >= 0) return control;
    if (key === 'DEL') return 0x7f;
    if (key.length === 1 && key.charCodeAt(0) < 0x80) return key.charCodeAt(0);
    throw new StrataError({
      code: 'ERR_DETACH_KEYS_INVALID',
      message: `Invalid detach keys (${text.slice(0, 100)}) provided`,
      hint: 'Separate keys by commas. Write each as one character, or with ctrl- as in ctrl-p.',
    });
  });
}

/** Removes the detach keys from typed input. */
export class DetachFilter {
  readonly #keys: Uint8Array;
  #matched = 0;
  #isDetached = false;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** True once the whole sequence was typed; input after it is dropped. */
  get isDetached(): boolean {
    return this.#isDetached;
  }

  /**
   * Returns the input that is known not to belong to the sequence; a possible beginning of it is held back. As in docker,
   * a key that breaks the sequence does not begin another: of ctrl-p, ctrl-p, ctrl-q all three go to the container, so
   * typing ctrl-p twice passes it on.
   */
  pass(input: Uint8Array): Uint8Array {
    const keys = this.#keys;
    const passed: number[] = [];
    for (const byte of input) {
      if (this.#isDetached) break;
      if (keys[this.#matched] === byte) {
        this.#matched++;
        this.#isDetached = this.#matched === keys.length;
        continue;
      }
      passed.push(...keys.subarray(0, this.#matched), byte);
      this.#matched = 0;
    }
    return Uint8Array.from(passed);
  }
}
