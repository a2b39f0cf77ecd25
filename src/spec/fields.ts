import { StrataError } from '../errors/index.ts';
import { type Json, type JsonObject, JsonReal } from './parse-json.ts';

export type StringMap = { readonly [key: string]: string };
/** Go's `map[string]struct{}`: a set written as `{"/data": {}}`. */
export type KeySet = { readonly [key: string]: Record<never, never> };

// Go folds U+017F to s and U+212A to k when it looks for a field.
const fold = (name: string): string => name.toUpperCase().toLowerCase();

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonReal);

function describe(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof JsonReal) return `the number ${value.text.slice(0, 40)}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/**
 * Typed access to one JSON object. `null` counts as absent, as in Go. Unknown keys are tolerated, except those that
 * differ from a known one in case only: Go's reader takes them for the known one, so two engines would see two
 * documents. Every reader throws ERR_DOCUMENT_INVALID (invalid-argument), which names document and path.
 */
export class JsonFields {
  readonly #object: JsonObject;
  readonly #what: string;
  readonly #path: string;

  constructor(value: Json, known: readonly string[], what: string, path = '') {
    this.#what = what;
    this.#path = path;
    if (!isObject(value)) throw this.#wrong('', 'an object', value);
    this.#object = value;
    const folded = new Set(known.map(fold));
    for (const key of Object.keys(value)) {
      if (!known.includes(key) && folded.has(fold(key))) {
        throw this.fail(key.slice(0, 100), 'differs from a known field in upper and lower case only');
      }
    }
  }

  /**
   * Returns the error for a problem that the caller finds; `name` is a field of this object, or '' for the object
   * itself.
   */
  fail(name: string, problem: string): StrataError {
    const path = [this.#path, name].filter((part) => part !== '').join('.');
    return new StrataError({
      code: 'ERR_DOCUMENT_INVALID',
      message: `${[this.#what, path].filter((part) => part !== '').join(': ')}: ${problem}`,
      hint: 'Make or fetch it again. If that does not help, make it with another program.',
    });
  }

  #wrong(name: string, wanted: string, found: Json): StrataError {
    return this.fail(name, `must be ${wanted}, not ${describe(found)}`);
  }

  #get(name: string): Json | undefined {
    return this.#object[name] ?? undefined;
  }

  names(): readonly string[] {
    return Object.keys(this.#object);
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  string(name: string): string | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.#wrong(name, 'a string', value);
  }

  requiredString(name: string): string {
    const value = this.string(name);
    if (value === undefined) throw this.fail(name, 'is missing');
    return value;
  }

  boolean(name: string): boolean | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#wrong(name, 'true or false', value);
  }

  /** Returns a whole number written without fraction or exponent, within ±(2^53 − 1). */
  integer(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'number') return value;
    throw this.#wrong(name, 'a whole number below 2^53', value);
  }

  strings(name: string): readonly string[] | undefined {
    return this.array(name)?.map((item, at) => {
      if (typeof item !== 'string') throw this.#wrong(`${name}[${at}]`, 'a string', item);
      return item;
    });
  }

  /** Returns a map without prototype: any key may be read, `constructor` included. */
  stringMap(name: string): StringMap | undefined {
    const map = this.#map(name);
    if (map === undefined) return undefined;
    const copy: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [key, value] of Object.entries(map)) {
      if (typeof value !== 'string') throw this.#wrong(`${name}[${JSON.stringify(key)}]`, 'a string', value);
      copy[key] = value;
    }
    return copy;
  }

  /** Returns a set that is written as a map to objects. Like {@link stringMap}, it has no prototype. */
  keySet(name: string): KeySet | undefined {
    const map = this.#map(name);
    if (map === undefined) return undefined;
    const copy: Record<string, Record<never, never>> = Object.create(null) as Record<string, Record<never, never>>;
    for (const [key, value] of Object.entries(map)) {
      if (value !== null && !isObject(value)) throw this.#wrong(`${name}[${JSON.stringify(key)}]`, 'an object', value);
      copy[key] = {};
    }
    return copy;
  }

  #map(name: string): JsonObject | undefined {
    const value = this.#get(name);
    if (value === undefined || isObject(value)) return value;
    throw this.#wrong(name, 'an object', value);
  }

  array(name: string): readonly Json[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.#wrong(name, 'an array', value);
    return value as readonly Json[];
  }

  object(name: string, known: readonly string[]): JsonFields | undefined {
    const value = this.#get(name);
    return value === undefined ? undefined : new JsonFields(value, known, this.#what, this.#at(name));
  }

  /** Returns an array of objects. More than `max` of them is ERR_DOCUMENT_TOO_LARGE (exhausted). */
  objects(name: string, known: readonly string[], max: number): readonly JsonFields[] | undefined {
    const items = this.array(name);
    if (items !== undefined && items.length > max) {
      throw new StrataError({
        code: 'ERR_DOCUMENT_TOO_LARGE',
        message: `${this.#what}: ${this.#at(name)}: ${items.length} entries, more than the ${max} allowed`,
        hint: 'No tool writes documents this large: do not trust its source.',
      });
    }
    return items?.map((item, at) => new JsonFields(item, known, this.#what, `${this.#at(name)}[${at}]`));
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}
