import { compareBytes, displayBytes, utf8 } from '../../lib/bytes.ts';

/** A whole number that is a float64 in Go; numbers with a fraction need no wrapping. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toJSON(): number {
    return this.value;
  }
}

/** A nil with a type: it prints `[]`, `map[]` or `<nil>`, and an untyped null `<no value>`. In JSON it is `null`. */
export class Nil {
  readonly kind: 'slice' | 'map' | 'pointer';
  readonly typeName: string | undefined;

  constructor(kind: 'slice' | 'map' | 'pointer', typeName?: string) {
    this.kind = kind;
    this.typeName = typeName;
  }

  toJSON(): null {
    return null;
  }
}

/** Type of a parameter: `value` also takes Go's invalid value, `any` turns that into nil. */
export type Parameter = 'value' | 'any' | 'string' | 'int' | 'strings';

/** A function of templates, or a method of a value. `run` may throw an Error whose message follows `error calling NAME: `. */
export interface TemplateFunction {
  readonly parameters: readonly Parameter[];
  /** True if the last parameter takes any number of arguments, or none. */
  readonly variadic?: boolean;
  /** Returns true for an argument that is already the result: the arguments after it are not evaluated. */
  readonly decides?: (value: Value) => boolean;
  /** Runs the function. `limit` is the maximal length of a text it returns. */
  readonly run: (args: readonly Value[], limit: number) => Value;
}

const nothing: ReadonlySet<string> = new Set();

/**
 * A Go struct: its fields have an order, and a missing field is an error that names `typeName`. Plain objects are maps:
 * sorted by key, with `<no value>` for a missing key. Fields may be getters; methods take arguments, as docker's
 * `.Label "key"`. JSON leaves out empty fields of `omitEmpty`; templates see them.
 */
export class Struct {
  readonly fields: { readonly [name: string]: Value };
  readonly typeName: string;
  readonly methods: { readonly [name: string]: TemplateFunction };
  readonly #omitEmpty: ReadonlySet<string>;

  constructor(
    fields: { readonly [name: string]: Value },
    typeName = 'struct',
    methods: { readonly [name: string]: TemplateFunction } = {},
    omitEmpty: ReadonlySet<string> = nothing,
  ) {
    this.fields = fields;
    this.typeName = typeName;
    this.methods = methods;
    this.#omitEmpty = omitEmpty;
  }

  toJSON(): { readonly [name: string]: Value } {
    if (this.#omitEmpty.size === 0) return this.fields;
    return Object.fromEntries(
      Object.entries(this.fields).filter(([name, value]) => !this.#omitEmpty.has(name) || isTrue(value)),
    );
  }
}

/** A row of a listing. Only rows escape `<`, `>` and `&` in JSON, as docker's do. */
export class Row extends Struct {}

export type ValueMap = { readonly [key: string]: Value };

/** A value in a template. `undefined` is Go's invalid value (a missing map key), `null` a nil interface. */
export type Value =
  | undefined
  | null
  | boolean
  | string
  | number
  | bigint
  | Float
  | Nil
  | Struct
  | readonly Value[]
  | ValueMap;

export type Kind = 'invalid' | 'nil' | 'bool' | 'string' | 'int' | 'float' | 'slice' | 'map' | 'struct' | 'pointer';

export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'undefined':
      return 'invalid';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    default:
      if (value === null) return 'nil';
      if (value instanceof Float) return 'float';
      if (value instanceof Nil) return value.kind;
      if (value instanceof Struct) return 'struct';
      return Array.isArray(value) ? 'slice' : 'map';
  }
}

/** Returns the items of a slice, none for any other value. */
export const itemsOf = (value: Value): readonly Value[] => (Array.isArray(value) ? (value as readonly Value[]) : []);

const none: ValueMap = {};

/** Returns the entries of a map, none for any other value. */
export const mapOf = (value: Value): ValueMap =>
  kindOf(value) === 'map' && !(value instanceof Nil) ? (value as ValueMap) : none;

/** Returns a map's own entry, never an inherited property. */
export const lookUp = (map: ValueMap, key: string): Value => (Object.hasOwn(map, key) ? map[key] : undefined);

export const toNumber = (value: Value): number => (value instanceof Float ? value.value : Number(value));

// Go sorts strings by bytes; UTF-16 order differs only where surrogates meet the last 8192 code points of the BMP.
export const compareStrings = (a: string, b: string): number =>
  /[\ud800-\udfff]/.test(a) || /[\ud800-\udfff]/.test(b) ? compareBytes(utf8(a), utf8(b)) : a < b ? -1 : a > b ? 1 : 0;

export const sortedKeys = (map: ValueMap): readonly string[] => Object.keys(map).sort(compareStrings);

const allStrings = (items: readonly Value[]): boolean => items.every((item) => typeof item === 'string');

/** Returns the type of the items of a map or slice: `string` if all are strings, as docker's labels and environments. */
export function elementType(value: Value): 'string' | 'interface {}' {
  const items = Array.isArray(value) ? itemsOf(value) : Object.values(mapOf(value));
  return allStrings(items) ? 'string' : 'interface {}';
}

/** Returns Go's name of the value's type. */
export function typeName(value: Value): string {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return 'interface {}';
    case 'float':
      return 'float64';
    case 'slice':
      return `[]${elementType(value)}`;
    case 'map':
      return `map[string]${elementType(value)}`;
    case 'struct':
      return value instanceof Struct ? value.typeName : 'struct';
    case 'pointer':
      return (value instanceof Nil && value.typeName) || '*struct';
    case 'bool':
    case 'string':
    case 'int':
      return kindOf(value);
  }
}

function hasEntries(map: ValueMap): boolean {
  for (const key in map) if (Object.hasOwn(map, key)) return true;
  return false;
}

/** Returns Go's truth of a value: false for zero, empty and nil, true for every struct. */
export function isTrue(value: Value): boolean {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
    case 'pointer':
      return false;
    case 'bool':
      return value === true;
    case 'string':
      return value !== '';
    case 'int':
    case 'float':
      return toNumber(value) !== 0;
    case 'slice':
      return itemsOf(value).length > 0;
    case 'map':
      return hasEntries(mapOf(value));
    case 'struct':
      return true;
  }
}

const ascii = /^[\u0000-\u007f]*$/;

/** Returns the length in bytes, as Go's `len`. */
export const byteLength = (text: string): number => (ascii.test(text) ? text.length : utf8(text).length);

/** Returns the bytes `from` to `to` of a text; a character cut in half becomes U+FFFD. */
export const byteSlice = (text: string, from: number, to: number): string =>
  ascii.test(text) ? text.slice(from, to) : displayBytes(utf8(text).subarray(from, to));

/**
 * Converts JSON data to values like docker's Go structs: objects become a {@link Struct}, except under a key in `mapKeys`
 * (`Labels`, `Volumes`, …), where they are maps whose objects are structs again. Empty fields named in `omitEmpty` are
 * left out of JSON.
 */
export function structured(
  data: unknown,
  mapKeys: ReadonlySet<string>,
  omitEmpty: ReadonlySet<string> = nothing,
  key = '',
): Value {
  if (typeof data !== 'object' || data === null) {
    return typeof data === 'function' || typeof data === 'symbol' ? undefined : (data as Value);
  }
  if (data instanceof Float || data instanceof Nil || data instanceof Struct) return data;
  if (Array.isArray(data)) return data.map((item) => structured(item, mapKeys, omitEmpty));
  const isMap = mapKeys.has(key);
  const fields = Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, structured(value, mapKeys, omitEmpty, isMap ? '' : name)]),
  );
  return isMap ? fields : new Struct(fields, undefined, undefined, omitEmpty);
}
