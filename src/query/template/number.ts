import { quote, unquote } from './quote.ts';
import { Float, type Value } from './values.ts';

export interface NumberConstant {
  /** An int or a float; undefined for one that fits only an unsigned integer, which no function takes. */
  readonly value: Value;
  /** True if valid as an int parameter: integers, characters, and floats without a fraction. */
  readonly isInteger: boolean;
}

const underscored = /^[+-]?(?:0[xXoObB]_?)?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*$/;
const integer = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))$/;
const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const hexadecimal = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/;
const maxInt = 2n ** 63n - 1n;

const shrink = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

function parseInteger(text: string): bigint | undefined {
  if (text.includes('_') && !underscored.test(text)) return undefined;
  const found = integer.exec(text.replaceAll('_', ''));
  if (found === null) return undefined;
  const [, sign, hex, octal, binary, plain] = found;
  const digits = hex ? `0x${hex}` : octal ? `0o${octal}` : binary ? `0b${binary}` : (plain ?? '0');
  return BigInt(digits) * (sign === '-' ? -1n : 1n);
}

function parseFloating(text: string): number | undefined {
  const bare = text.replaceAll('_', '');
  if (decimal.test(bare) && !text.includes('_')) return Number(bare);
  const found = hexadecimal.exec(bare);
  if (found === null || `${found[2] ?? ''}${found[3] ?? ''}` === '') return undefined;
  const fraction = found[3] ?? '';
  const mantissa = Number.parseInt(`${found[2] ?? ''}${fraction}`, 16);
  return (found[1] === '-' ? -1 : 1) * mantissa * 2 ** (Number(found[4]) - 4 * fraction.length);
}

/** Parses a number of a template. Returns a message for an invalid one, complex numbers included. */
export function parseNumber(text: string): NumberConstant | string {
  if (text.length > 1000) return 'illegal number syntax: too many digits';
  const overflow = `integer overflow: ${quote(text)}`;
  const whole = parseInteger(text);
  if (whole !== undefined) {
    if (whole > maxInt && whole <= 2n * maxInt + 1n) return { value: undefined, isInteger: false };
    return whole >= -maxInt - 1n && whole <= maxInt ? { value: shrink(whole), isInteger: true } : overflow;
  }
  const value = parseFloating(text);
  if (value === undefined || !Number.isFinite(value)) return `illegal number syntax: ${quote(text)}`;
  if (!/[.eEpP]/.test(text)) return overflow;
  return { value: new Float(value), isInteger: Number.isInteger(value) && Math.abs(value) < 2 ** 63 };
}

/** Parses a character constant with its quotes into an integer, as Go's runes are. Returns a message for an invalid one. */
export function parseCharacter(text: string): NumberConstant | string {
  const value = unquote(text.slice(1, -1), "'");
  if (value === undefined) return 'invalid syntax';
  const [char, ...more] = Array.from(value);
  if (char === undefined) return 'invalid syntax';
  if (more.length > 0) return `malformed character constant: ${text}`;
  return { value: char.codePointAt(0) ?? 0, isInteger: true };
}
