import { StrataError } from '../errors/index.ts';
import { Regexp } from './regexp/regexp.ts';

// Bounds the work: each value is tested on each row.
const maxValues = 200;

/** Creates the error for an invalid filter, in docker's words: `invalid filter 'name'`, `invalid filter 'name=[value]'`. */
export function invalidFilter(name?: string, values?: readonly string[], hint?: string): StrataError {
  const shown =
    name === undefined ? '' : ` '${name.slice(0, 100)}${values ? `=[${values.join(' ').slice(0, 200)}]` : ''}'`;
  return new StrataError({
    code: 'ERR_FILTER_INVALID',
    message: `invalid filter${shown}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Filters of `--filter` flags or of the API's `filters` parameter: names, each with one or more values. */
export class Filters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  private constructor(pairs: Iterable<readonly [name: string, value: string]>) {
    const values = new Map<string, Set<string>>();
    let count = 0;
    for (const [name, value] of pairs) {
      if (++count > maxValues) throw invalidFilter(name);
      const known = values.get(name) ?? new Set();
      values.set(name, known.add(value));
    }
    this.#values = new Map([...values].map(([name, set]) => [name, [...set]]));
  }

  /** Reads `name=value` flags in order; `label!=x` names the filter `label!`. Throws ERR_FILTER_FORMAT. */
  static fromFlags(flags: readonly string[]): Filters {
    return new Filters(
      flags
        .filter((flag) => flag !== '')
        .map((flag) => {
          const equals = flag.indexOf('=');
          if (equals < 0) {
            throw new StrataError({
              code: 'ERR_FILTER_FORMAT',
              message: 'bad format of filter (expected name=value)',
              hint: 'Write a filter as NAME=VALUE.',
              details: { filter: flag.slice(0, 200) },
            });
          }
          return [flag.slice(0, equals).trim().toLowerCase(), flag.slice(equals + 1).trim()] as const;
        }),
    );
  }

  /**
   * Reads the API's parameter after `JSON.parse`: `{"label": {"a": true}}`, or before API 1.22 `{"label": ["a"]}`.
   * Throws ERR_FILTER_INVALID.
   */
  static fromJson(json: unknown): Filters {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalidFilter();
    const pairs = Object.entries(json).flatMap(([name, values]: readonly [string, unknown]) => {
      if (typeof values !== 'object' || values === null) throw invalidFilter();
      const listed: readonly unknown[] = Array.isArray(values) ? values : Object.keys(values);
      return listed.map((value) => {
        if (typeof value !== 'string') throw invalidFilter();
        return [name, value] as const;
      });
    });
    return new Filters(pairs);
  }

  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** Returns the values of a filter, empty if it was not given. */
  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Returns the value of a boolean filter. Throws ERR_FILTER_INVALID if it is neither true nor false, or both. */
  boolean(name: string, fallback: boolean): boolean {
    const values = this.values(name);
    if (values.length === 0) return fallback;
    const isTrue = values.includes('1') || values.includes('true');
    const isFalse = values.includes('0') || values.includes('false');
    if (isTrue === isFalse) throw invalidFilter(name, values, 'Use true or false.');
    return isTrue;
  }
}

/** Reads a filter's values once and returns a predicate: true for a row to keep. */
export type FilterTest<Row> = (values: readonly string[], filters: Filters) => (row: Row) => boolean;

/** Filters of a command, by name. */
export type FilterTable<Row> = { readonly [name: string]: FilterTest<Row> };

/**
 * Returns one predicate for all filters given: true for a row that passes all of them. Throws ERR_FILTER_INVALID for a
 * name that is not in the table, and the errors of the tests for their values.
 */
export function compileFilters<Row>(filters: Filters, table: FilterTable<Row>): (row: Row) => boolean {
  const tests = filters.names.map((name) => {
    const test = Object.hasOwn(table, name) ? table[name] : undefined;
    if (test === undefined) throw invalidFilter(name, undefined, `Use one of ${Object.keys(table).join(', ')}.`);
    return test(filters.values(name), filters);
  });
  return (row) => tests.every((test) => test(row));
}

/** Keeps a row if one of its texts is one of the values. */
export const isOneOf =
  <Row>(get: (row: Row) => string | readonly string[]): FilterTest<Row> =>
  (values) =>
  (row) =>
    [get(row)].flat().some((text) => values.includes(text));

/** Keeps a row if one of its texts begins with one of the values. */
export const startsWithOneOf =
  <Row>(get: (row: Row) => string | readonly string[]): FilterTest<Row> =>
  (values) =>
  (row) =>
    [get(row)].flat().some((text) => values.some((value) => text.startsWith(value)));

function parseIfValid(value: string): readonly Regexp[] {
  try {
    return [Regexp.parse(value)];
  } catch (error) {
    // A value that is no regular expression still matches itself, as in docker.
    if (error instanceof StrataError && error.code === 'ERR_REGEXP_INVALID') return [];
    throw error;
  }
}

/** Keeps a row if one of its texts is one of the values, or matches one as a regular expression. */
export const matchesOneOf =
  <Row>(get: (row: Row) => string | readonly string[]): FilterTest<Row> =>
  (values) => {
    const patterns = values.flatMap(parseIfValid);
    return (row) =>
      [get(row)].flat().some((text) => values.includes(text) || patterns.some((pattern) => pattern.test(text)));
  };

/** Keeps a row that has all labels given: `key` with any value, or `key=value`. */
export const hasLabels =
  <Row>(get: (row: Row) => { readonly [key: string]: string } | undefined): FilterTest<Row> =>
  (values) =>
  (row) => {
    const labels = get(row) ?? {};
    return values.every((wanted) => {
      const equals = wanted.indexOf('=');
      const key = equals < 0 ? wanted : wanted.slice(0, equals);
      return Object.hasOwn(labels, key) && (equals < 0 || labels[key] === wanted.slice(equals + 1));
    });
  };

/** Keeps a row unless it has all labels given, for `label!`. */
export const lacksLabels =
  <Row>(get: (row: Row) => { readonly [key: string]: string } | undefined): FilterTest<Row> =>
  (values, filters) => {
    const has = hasLabels(get)(values, filters);
    return (row) => !has(row);
  };

/** Keeps a row whose property equals the value of a boolean filter. */
export const isWhether =
  <Row>(name: string, is: (row: Row) => boolean): FilterTest<Row> =>
  (_, filters) => {
    const wanted = filters.boolean(name, true);
    return (row) => is(row) === wanted;
  };
