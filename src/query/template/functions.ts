import { utf8 } from '../../lib/bytes.ts';
import { isPrintable } from '../../lib/characters.ts';
import { compare, isEqual } from './compare.ts';
import { encodeJson } from './json.ts';
import { sprint, sprintf, sprintln } from './printf.ts';
import {
  byteLength,
  byteSlice,
  elementType,
  isTrue,
  itemsOf,
  kindOf,
  lookUp,
  mapOf,
  type Parameter,
  type TemplateFunction,
  typeName,
  type Value,
} from './values.ts';

const text = (value: Value): string => (typeof value === 'string' ? value : '');

// Works like evalArgs of text/template, for html, js and urlquery.
const printArguments = (args: readonly Value[], limit: number): string =>
  args.length === 1 && typeof args[0] === 'string'
    ? args[0]
    : sprint(
        args.map((arg) => (arg === undefined || arg === null ? '<no value>' : arg)),
        limit,
      );

function indexOf(index: Value, length: number): number {
  const kind = kindOf(index);
  if (kind === 'invalid' || kind === 'nil') throw new Error('cannot index slice/array with nil');
  if (kind !== 'int') throw new Error(`cannot index slice/array with type ${typeName(index)}`);
  const at = Number(index);
  if (at < 0 || at > length) throw new Error(`index out of range: ${at}`);
  return at;
}

function element(items: readonly Value[], index: Value, kind: string): Value {
  const at = indexOf(index, items.length);
  if (at === items.length) throw new Error(`reflect: ${kind} index out of range`);
  return items[at];
}

function step(item: Value, index: Value): Value {
  switch (kindOf(item)) {
    case 'slice':
      return element(itemsOf(item), index, 'slice');
    case 'string':
      return element(Array.from(utf8(text(item))), index, 'string');
    case 'map': {
      if (kindOf(index) === 'invalid' || index === null) throw new Error('value is nil; should be of type string');
      if (typeof index !== 'string') throw new Error(`value has type ${typeName(index)}; should be string`);
      const found = lookUp(mapOf(item), index);
      // A missing key gives the zero value of the map's element type.
      return found === undefined ? (elementType(item) === 'string' ? '' : null) : found;
    }
    case 'nil':
    case 'pointer':
      throw new Error('index of nil pointer');
    default:
      throw new Error(`can't index item of type ${typeName(item)}`);
  }
}

function index([first, ...indexes]: readonly Value[]): Value {
  if (first === undefined || first === null) throw new Error('index of untyped nil');
  return indexes.reduce((item, at) => step(item, at), first);
}

function slice([item, ...indexes]: readonly Value[]): Value {
  if (item === undefined || item === null) throw new Error('slice of untyped nil');
  if (indexes.length > 3) throw new Error(`too many slice indexes: ${indexes.length}`);
  const kind = kindOf(item);
  if (kind === 'string' && indexes.length === 3) throw new Error('cannot 3-index slice a string');
  if (kind !== 'string' && kind !== 'slice') throw new Error(`can't slice item of type ${typeName(item)}`);
  const length = kind === 'string' ? byteLength(text(item)) : itemsOf(item).length;
  const [from = 0, to = length, cap = length] = indexes.map((at) => indexOf(at, length));
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  if (to > cap) throw new Error(`invalid slice index: ${to} > ${cap}`);
  return kind === 'string' ? byteSlice(text(item), from, to) : itemsOf(item).slice(from, to);
}

function len([item]: readonly Value[]): Value {
  switch (kindOf(item)) {
    case 'string':
      return byteLength(text(item));
    case 'slice':
      return itemsOf(item).length;
    case 'map':
      return Object.keys(mapOf(item)).length;
    case 'invalid':
      throw new Error('reflect: call of reflect.Value.Type on zero Value');
    case 'nil':
    case 'pointer':
      throw new Error('len of nil pointer');
    default:
      throw new Error(`len of type ${typeName(item)}`);
  }
}

const htmlEscapes: { readonly [char: string]: string } = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

const hex = (char: string): string => (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');

const escapeScript = (source: string): string =>
  source.replace(/[\\'"<>&=\u0000-\u001f]|[^\u0000-\u007f]/gu, (char) => {
    if (char === '\\' || char === "'" || char === '"') return `\\${char}`;
    return char >= '\u0080' && isPrintable(char) ? char : `\\u${hex(char)}`;
  });

const escapeQuery = (source: string): string =>
  Array.from(utf8(source), (byte) => {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9_.~-]/.test(char)) return char;
    return char === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');

const comparison = (holds: (order: number) => boolean): TemplateFunction => ({
  parameters: ['value', 'value'],
  run: ([a, b]) => holds(compare(a, b)),
});

/** Functions of text/template itself, except `call`: values here are never functions. */
const builtin: { readonly [name: string]: TemplateFunction } = {
  and: {
    parameters: ['value', 'value'],
    variadic: true,
    decides: (value) => !isTrue(value),
    run: (args) => args.at(-1),
  },
  or: { parameters: ['value', 'value'], variadic: true, decides: isTrue, run: (args) => args.at(-1) },
  not: { parameters: ['value'], run: ([value]) => !isTrue(value) },
  eq: { parameters: ['value', 'value'], variadic: true, run: ([first, ...others]) => isEqual(first, others) },
  ne: { parameters: ['value', 'value'], run: ([a, b]) => !isEqual(a, [b]) },
  lt: comparison((order) => order < 0),
  le: comparison((order) => order <= 0),
  gt: comparison((order) => order > 0),
  ge: comparison((order) => order >= 0),
  len: { parameters: ['value'], run: len },
  index: { parameters: ['value', 'value'], variadic: true, run: index },
  slice: { parameters: ['value', 'value'], variadic: true, run: slice },
  print: { parameters: ['any'], variadic: true, run: sprint },
  println: { parameters: ['any'], variadic: true, run: sprintln },
  printf: {
    parameters: ['string', 'any'],
    variadic: true,
    run: ([format, ...args], limit) => sprintf(text(format), args, limit),
  },
  html: {
    parameters: ['any'],
    variadic: true,
    run: (args, limit) => printArguments(args, limit).replace(/[\0"'&<>]/g, (char) => htmlEscapes[char] ?? char),
  },
  js: { parameters: ['any'], variadic: true, run: (args, limit) => escapeScript(printArguments(args, limit)) },
  urlquery: { parameters: ['any'], variadic: true, run: (args, limit) => escapeQuery(printArguments(args, limit)) },
};

// Go maps character by character: ß has no upper case of its own and stays.
const mapCase = (source: string, change: (char: string) => string): string =>
  Array.from(source, (char) => {
    const changed = change(char);
    return Array.from(changed).length === 1 ? changed : char;
  }).join('');

const toUpper = (source: string): string => mapCase(source, (char) => char.toUpperCase());

/** Works like Go's deprecated strings.Title: upper case for the first letter after a character that separates words. */
const toTitle = (source: string): string =>
  source.replace(
    /(^|[^\p{L}\p{N}_'\u0080-\u{10ffff}]|[\p{White_Space}]|')(\p{L})/gu,
    (_, before: string, letter: string) => before + toUpper(letter),
  );

function repeat(count: Value, limit: number): string {
  const times = Number(count);
  if (times < 0) throw new Error('strings: negative Repeat count');
  if (times > limit) throw new Error('strings: Repeat output length overflow');
  return ' '.repeat(times);
}

/** Functions that docker's command adds for `--format`. */
const docker: { readonly [name: string]: TemplateFunction } = {
  json: { parameters: ['any'], run: ([value]) => encodeJson(value) },
  split: {
    parameters: ['string', 'string'],
    run: ([source, separator]) =>
      text(separator) === '' ? Array.from(text(source)) : text(source).split(text(separator)),
  },
  join: {
    parameters: ['strings', 'string'],
    run: ([items, separator]) => itemsOf(items).map(text).join(text(separator)),
  },
  title: { parameters: ['string'], run: ([source]) => toTitle(text(source)) },
  lower: { parameters: ['string'], run: ([source]) => mapCase(text(source), (char) => char.toLowerCase()) },
  upper: { parameters: ['string'], run: ([source]) => toUpper(text(source)) },
  pad: {
    parameters: ['string', 'int', 'int'],
    run: ([source, before, after], limit) =>
      source === '' ? '' : repeat(before, limit) + text(source) + repeat(after, limit),
  },
  truncate: {
    parameters: ['string', 'int'],
    run: ([source, length]) => {
      const end = Number(length);
      if (byteLength(text(source)) < end) return source;
      if (end < 0) throw new Error(`runtime error: slice bounds out of range [:${end}]`);
      return byteSlice(text(source), 0, end);
    },
  },
};

/** All functions for `--format`. */
export const templateFunctions: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({ ...builtin, ...docker }),
);

const identity = (parameters: readonly Parameter[]): TemplateFunction => ({
  parameters,
  run: ([value]) => value,
});

/** Functions for the heading line of a table: those that change a value leave column names unchanged, except `pad`. */
export const headerFunctions: ReadonlyMap<string, TemplateFunction> = new Map([
  ...templateFunctions,
  ['json', identity(['string'])],
  ['split', identity(['string', 'string'])],
  ['join', identity(['string', 'string'])],
  ['title', identity(['string'])],
  ['lower', identity(['string'])],
  ['upper', identity(['string'])],
  ['truncate', identity(['string', 'int'])],
]);
