import { StrataError } from '../errors/index.ts';
import { Regexp } from './regexp/regexp.ts';

// More than anybody types; each value is tried on each row.
const maxValues = 200;

/** Docker's words: `invalid filter 'name'`, `invalid filter 'name=[value]'`. For tests of filter values. */
export function invalidFilter(name?: string, values?: readonly string[], hint?: string): StrataError {
  const shown =
    name === undefined ? '' : ` '${name.slice(0, 100)}${values ? `=[${values.join(' ').slice(0, 200)}]` : ''}'`;
  return new StrataError({
    code: 'ERR_FILTER_INVALID',
    message: `invalid filter${shown}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** What `--filter` flags or the API's `filters` parameter ask for: names, each with one or more values. */
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

  /** From `name=value` flags in order; `label!=x` names the filter `label!`. Throws ERR_FILTER_FORMAT. */
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
              details: { filter: flag.slice(0, 200) },
            });
          }
          return [flag.slice(0, equals).trim().toLowerCase(), flag.slice(equals + 1).trim()] as const;
        }),
    );
  }

  /**
   * From the API's parameter after `JSON.parse`: `{"label": {"a": true}}`, or before API 1.22 `{"label": ["a"]}`.
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

  /** Values given for a filter, none when it was not. */
  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The value of a filter that is true or false. Throws ERR_FILTER_INVALID when it is neither, or both. */
  boolean(name: string, fallback: boolean): boolean {
    const values = this.values(name);
    if (values.length === 0) return fallback;
    const isTrue = values.includes('1') || values.includes('true');
    const isFalse = values.includes('0') || values.includes('false');
    if (isTrue === isFalse) throw invalidFilter(name, values);
    return isTrue;
  }
}

/** Looks at a filter's values once, and answers for each row whether it stays. */
export type FilterTest<Row> = (values: readonly string[], filters: Filters) => (row: Row) => boolean;

/** Filters a command knows, by name. */
export type FilterTable<Row> = { readonly [name: string]: FilterTest<Row> };

/**
 * One predicate for all filters given; a row stays when every one of them lets it. Throws ERR_FILTER_INVALID for a name
 * that is not in the table, and what the tests throw for values.
 */
export function compileFilters<Row>(filters: Filters, table: FilterTable<Row>): (row: Row) => boolean {
  const tests = filters.names.map((name) => {
    const test = Object.hasOwn(table, name) ? table[name] : undefined;
    if (test === undefined) throw invalidFilter(name, undefined, `One of ${Object.keys(table).join(', ')}.`);
    return test(filters.values(name), filters);
  });
  return (row) => tests.every((test) => test(row));
}

/** Stays when a text of the row is one of the values. */
export const isOneOf =
  <Row>(get: (row: Row) => string | readonly string[]): FilterTest<Row> =>
  (values) =>
  (row) =>
    [get(row)].flat().some((text) => values.includes(text));

/** Stays when a text of the row begins with one of the values. */
export const startsWithOneOf =
  <Row>(get: (row: Row) => string | readonly string[]): FilterTest<Row> =>
  (values) =>
  (row) =>
    [get(row)].flat().some((text) => values.some((value) => text.startsWith(value)));

function parsedOrNone(value: string): readonly Regexp[] {
  try {
    return [Regexp.parse(value)];
  } catch (error) {
    // As in docker, a value that is no regular expression still stands for itself.
    if (error instanceof StrataError && error.code === 'ERR_REGEXP_INVALID') return [];
    throw error;
  }
}

/** Stays when a text of the row is one of the values, or one of them matches it as a regular expression. */
export const matchesOneOf =
  <Row>(get: (row: Row) => string | readonly string[]): FilterTest<Row> =>
  (values) => {
    const patterns = values.flatMap(parsedOrNone);
    return (row) =>
      [get(row)].flat().some((text) => values.includes(text) || patterns.some((pattern) => pattern.test(text)));
  };

/** Stays when the row has every label given: `key` whatever its value, or `key=value`. */
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

/** For `label!`: stays unless the row has every label given. */
export const lacksLabels =
  <Row>(get: (row: Row) => { readonly [key: string]: string } | undefined): FilterTest<Row> =>
  (values, filters) => {
    const has = hasLabels(get)(values, filters);
    return (row) => !has(row);
  };

/** Stays when the row is what a true or false filter asks for. */
export const isWhether =
  <Row>(name: string, is: (row: Row) => boolean): FilterTest<Row> =>
  (_, filters) => {
    const wanted = filters.boolean(name, true);
    return (row) => is(row) === wanted;
  };
