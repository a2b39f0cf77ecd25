import { utf8 } from '../../lib/bytes.ts';
import { formatFloat, formatInteger, pad, type Spec } from './format-number.ts';
import { displayCodePoint, quote } from './quote.ts';
import { itemsOf, kindOf, lookUp, mapOf, Nil, Struct, sortedKeys, toNumber, typeName, type Value } from './values.ts';

/** Go's own limit of widths and precisions (`tooLarge` in package fmt). */
const maxMeasure = 1_000_000;
/** Limit of padded lists: a width applies to each item, so a thousand items could take a gigabyte. */
const maxPadded = 16 << 20;

const bare: Spec = {
  plus: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  names: false,
  syntax: false,
  width: undefined,
  precision: undefined,
};

function badVerb(value: Value, verb: string, spec: Spec): string {
  const kind = kindOf(value);
  if (kind === 'invalid' || kind === 'nil') return `%!${verb}(<nil>)`;
  return `%!${verb}(${typeName(value)}=${formatValue(value, 'v', spec)})`;
}

function formatString(text: string, verb: string, spec: Spec): string {
  const cut = spec.precision === undefined ? text : Array.from(text).slice(0, spec.precision).join('');
  switch (verb) {
    case 'v':
      return spec.syntax ? pad(quote(cut), spec) : pad(cut, spec);
    case 's':
      return pad(cut, spec);
    case 'q':
      return pad(
        spec.sharp && !/[`\u0000-\u0008\u000a-\u001f\u007f\ufeff]/.test(cut)
          ? `\`${cut}\``
          : quote(cut, '"', spec.plus),
        spec,
      );
    case 'x':
    case 'X': {
      const bytes = Array.from(utf8(text).subarray(0, spec.precision), (byte) => byte.toString(16).padStart(2, '0'));
      const lead = spec.sharp && bytes.length > 0 ? '0x' : '';
      const joined = lead + bytes.join(spec.space ? ` ${lead}` : '');
      return pad(verb === 'X' ? joined.toUpperCase() : joined, spec);
    }
    default:
      return badVerb(text, verb, spec);
  }
}

function formatWhole(value: bigint, verb: string, spec: Spec): string {
  switch (verb) {
    case 'v':
    case 'd':
      return formatInteger(value, 10, verb, spec);
    case 'b':
      return formatInteger(value, 2, verb, spec);
    case 'o':
    case 'O':
      return formatInteger(value, 8, verb, spec);
    case 'x':
    case 'X':
      return formatInteger(value, 16, verb, spec);
    case 'c':
    case 'q':
    case 'U': {
      const isPoint = value >= 0n && value <= 0x10ffffn && (value < 0xd800n || value > 0xdfffn);
      const char = isPoint ? String.fromCodePoint(Number(value)) : '\ufffd';
      if (verb === 'c') return pad(char, spec);
      if (verb === 'q') return pad(quote(char, "'", spec.plus), spec);
      const shown = displayCodePoint(char);
      return pad(spec.sharp ? shown : (shown.split(' ', 1)[0] ?? ''), { ...spec, zero: false });
    }
    default:
      return badVerb(value, verb, spec);
  }
}

function joinItems(items: Iterable<string>, between: string, { width, precision }: Spec): string {
  const taken: string[] = [];
  let length = 0;
  for (const item of items) {
    length += item.length;
    if (length > maxPadded && (width ?? precision) !== undefined) throw tooLong(maxPadded);
    taken.push(item);
  }
  return taken.join(between);
}

function formatComposite(value: Value, verb: string, spec: Spec): string {
  const absent = spec.syntax ? 'interface {}(nil)' : '<nil>';
  const inner = (item: Value): string => (item === undefined || item === null ? absent : formatValue(item, verb, spec));
  const lead = spec.syntax ? typeName(value) : '';
  const [open, close, between] = spec.syntax ? ['{', '}', ', '] : ['[', ']', ' '];
  if (value instanceof Struct) {
    const fields = Object.entries(value.fields)
      .values()
      .map(([name, field]) => (spec.names || spec.syntax ? `${name}:` : '') + inner(field));
    return `${lead}{${joinItems(fields, between, spec)}}`;
  }
  if (kindOf(value) === 'slice') {
    return lead + open + joinItems(itemsOf(value).values().map(inner), between, spec) + close;
  }
  const map = mapOf(value);
  const entries = sortedKeys(map)
    .values()
    .map((key) => `${formatValue(key, verb, spec)}:${inner(lookUp(map, key))}`);
  return (spec.syntax ? `${lead}{` : 'map[') + joinItems(entries, between, spec) + close;
}

/** Formats a value by a verb, as Go's package fmt does. */
export function formatValue(value: Value, verb = 'v', spec: Spec = bare): string {
  if (verb === 'T') return pad(kindOf(value) === 'invalid' || value === null ? '<nil>' : typeName(value), spec);
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      if (spec.syntax) return pad('interface {}(nil)', spec);
      return verb === 'v' ? pad('<nil>', { ...spec, zero: false }) : badVerb(value, verb, spec);
    case 'pointer':
      return verb === 'v' ? pad('<nil>', { ...spec, zero: false }) : `%!${verb}(${typeName(value)}=<nil>)`;
    case 'bool':
      return verb === 'v' || verb === 't' ? pad(value === true ? 'true' : 'false', spec) : badVerb(value, verb, spec);
    case 'string':
      return formatString(value as string, verb, spec);
    case 'int':
      return formatWhole(BigInt(value as number | bigint), verb, spec);
    case 'float':
      return /[veEfFgG]/.test(verb) ? formatFloat(toNumber(value), verb, spec) : badVerb(value, verb, spec);
    case 'slice':
    case 'map':
    case 'struct':
      return value instanceof Nil && spec.syntax ? `${typeName(value)}(nil)` : formatComposite(value, verb, spec);
  }
}

const tooLong = (limit: number): Error => new Error(`result is longer than ${limit} characters`);

const flagLetters = /[+\-# 0]*/y;
const digits = /\d+/y;
const index = /\[(?:(\d+)|[^\]]*)\]/y;

class Printer {
  readonly #format: string;
  readonly #args: readonly Value[];
  readonly #limit: number;
  #at = 0;
  #argument = 0;
  /** True once an index was used: unused arguments are then no error. */
  #reordered = false;
  #badIndex = false;
  #out = '';

  constructor(format: string, args: readonly Value[], limit: number) {
    this.#format = format;
    this.#args = args;
    this.#limit = limit;
  }

  run(): string {
    for (;;) {
      const percent = this.#format.indexOf('%', this.#at);
      this.#out += this.#format.slice(this.#at, percent < 0 ? undefined : percent);
      if (percent < 0) break;
      this.#at = percent + 1;
      this.#badIndex = false;
      const spec = this.#spec();
      const verb = Array.from(this.#format.slice(this.#at, this.#at + 2))[0];
      if (verb === undefined) {
        this.#out += '%!(NOVERB)';
        break;
      }
      this.#at += verb.length;
      this.#out += this.#one(verb, spec);
      if (this.#out.length > this.#limit) throw tooLong(this.#limit);
    }
    return this.#out + this.#formatExtra();
  }

  #one(verb: string, spec: Spec): string {
    if (verb === '%') return '%';
    if (this.#badIndex) return `%!${verb}(BADINDEX)`;
    if (this.#argument >= this.#args.length) return `%!${verb}(MISSING)`;
    const isPlain = verb !== 'v' || (!spec.plus && !spec.sharp);
    const fitted = isPlain ? spec : { ...spec, plus: false, sharp: false, names: spec.plus, syntax: spec.sharp };
    return formatValue(this.#args[this.#argument++], verb, fitted);
  }

  #formatExtra(): string {
    const rest = this.#reordered ? [] : this.#args.slice(this.#argument);
    if (rest.length === 0) return '';
    const shown = rest.map((value) =>
      value === undefined || value === null ? '<nil>' : `${typeName(value)}=${formatValue(value)}`,
    );
    return `%!(EXTRA ${shown.join(', ')})`;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#format) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  /** Reads `[n]`, which picks the next argument. Returns true for a valid one. */
  #index(): boolean {
    if (this.#format[this.#at] !== '[') return false;
    this.#reordered = true;
    const found = this.#take(index);
    if (found === undefined) this.#at++;
    const picked = Number(found?.[1] ?? 0) - 1;
    if (picked < 0 || picked >= this.#args.length) this.#badIndex = true;
    else this.#argument = picked;
    return found?.[1] !== undefined;
  }

  /** Reads a width or precision: digits, or `*` for the next argument. */
  #measure(): { readonly value: number | undefined; readonly isArgument: boolean } {
    if (this.#format[this.#at] === '*') {
      this.#at++;
      const value = this.#args[this.#argument++];
      const isFit = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= maxMeasure;
      return { value: isFit ? value : undefined, isArgument: true };
    }
    const found = this.#take(digits);
    const value = found === undefined ? undefined : Number(found[0]);
    if (value === undefined || value <= maxMeasure) return { value, isArgument: false };
    this.#at = this.#format.length;
    return { value: undefined, isArgument: false };
  }

  #spec(): Spec {
    const flags = this.#take(flagLetters)?.[0] ?? '';
    let indexed = this.#index();
    const { value: width, isArgument } = this.#measure();
    if (isArgument && width === undefined) this.#out += '%!(BADWIDTH)';
    if (isArgument) indexed = false;
    else if (indexed && width !== undefined) this.#badIndex = true;
    let precision: number | undefined;
    if (this.#format[this.#at] === '.') {
      this.#at++;
      if (indexed) this.#badIndex = true;
      indexed = this.#index();
      const found = this.#measure();
      if (!found.isArgument) precision = found.value ?? 0;
      else if (found.value !== undefined && found.value >= 0) precision = found.value;
      else this.#out += '%!(BADPREC)';
      if (found.isArgument) indexed = false;
    }
    if (!indexed) this.#index();
    const minus = flags.includes('-') || (width !== undefined && width < 0);
    return {
      plus: flags.includes('+'),
      minus,
      sharp: flags.includes('#'),
      space: flags.includes(' '),
      zero: flags.includes('0') && !minus,
      names: false,
      syntax: false,
      width: width === undefined ? undefined : Math.abs(width),
      precision,
    };
  }
}

/**
 * Works like Go's `fmt.Sprintf`, which puts problems into the text, as `%!d(string=x)`. Throws a plain Error for a text
 * longer than `limit` characters.
 */
export const sprintf = (format: string, args: readonly Value[], limit: number): string =>
  new Printer(format, args, limit).run();

function joinValues(args: readonly Value[], limit: number, between: (at: number) => string): string {
  let out = '';
  for (const [at, value] of args.entries()) {
    out += between(at) + formatValue(value);
    if (out.length > limit) throw tooLong(limit);
  }
  return out;
}

/** Works like Go's `fmt.Sprint`: a space between two operands if neither is a string. Limited as {@link sprintf}. */
export const sprint = (args: readonly Value[], limit: number): string =>
  joinValues(args, limit, (at) =>
    at > 0 && typeof args[at] !== 'string' && typeof args[at - 1] !== 'string' ? ' ' : '',
  );

/** Works like Go's `fmt.Sprintln`. Limited as {@link sprintf}. */
export const sprintln = (args: readonly Value[], limit: number): string =>
  `${joinValues(args, limit, (at) => (at > 0 ? ' ' : ''))}\n`;
