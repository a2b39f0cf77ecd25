/** Flags, width and precision of a printf verb. */
export interface Spec {
  readonly plus: boolean;
  readonly minus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  /** Prints names before the fields of structs: `%+v`. */
  readonly names: boolean;
  /** Prints Go syntax: `%#v`. */
  readonly syntax: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

/** Pads a text to the width, counted in characters. */
export function pad(text: string, spec: Spec): string {
  const missing = (spec.width ?? 0) - Array.from(text).length;
  if (missing <= 0) return text;
  if (spec.minus) return text + ' '.repeat(missing);
  return (spec.zero ? '0' : ' ').repeat(missing) + text;
}

const signOf = (isNegative: boolean, spec: Spec): string =>
  isNegative ? '-' : spec.plus ? '+' : spec.space ? ' ' : '';

const prefixes: { readonly [base: number]: string } = { 2: '0b', 8: '0', 16: '0x' };

/** Formats an integer in base 2, 8, 10 or 16 as %d, %b, %o, %O, %x and %X do. */
export function formatInteger(value: bigint, base: number, verb: string, spec: Spec): string {
  const sign = signOf(value < 0n, spec);
  let digits = (value < 0n ? -value : value).toString(base);
  const hasPrecision = spec.precision !== undefined;
  if (spec.precision === 0 && value === 0n) return pad('', { ...spec, zero: false });
  const fill = hasPrecision ? (spec.precision ?? 0) : spec.zero && !spec.minus ? (spec.width ?? 0) - sign.length : 0;
  digits = digits.padStart(fill, '0');
  if (spec.sharp && (base !== 8 || !digits.startsWith('0'))) digits = (prefixes[base] ?? '') + digits;
  if (verb === 'O') digits = `0o${digits}`;
  const text = sign + digits;
  return pad(verb === 'X' ? text.toUpperCase() : text, { ...spec, zero: false });
}

const words = new Float64Array(1);
const bits = new BigUint64Array(words.buffer);

/** Returns the nearest integer to `value` × 10^`power`, halves to even, by exact arithmetic on the double's bits. */
function scaleToInteger(value: number, power: number): bigint {
  words[0] = value;
  const raw = bits[0] ?? 0n;
  const biased = Number(raw >> 52n);
  const mantissa = (raw & 0xfffffffffffffn) | (biased === 0 ? 0n : 1n << 52n);
  const exponent = BigInt(Math.max(biased, 1) - 1075);
  const tens = 10n ** BigInt(Math.abs(power));
  const above = mantissa * (exponent > 0n ? 1n << exponent : 1n) * (power > 0 ? tens : 1n);
  const below = (exponent < 0n ? 1n << -exponent : 1n) * (power < 0 ? tens : 1n);
  const [whole, rest] = [above / below, (above % below) * 2n];
  return rest > below || (rest === below && whole % 2n === 1n) ? whole + 1n : whole;
}

interface Decimal {
  /** At least one digit, without trailing zeros. */
  readonly digits: string;
  /** Power of ten of the first digit. */
  readonly exponent: number;
}

/** Returns the shortest digits that read back as the same number. */
function shortestDecimal(value: number): Decimal {
  const [digits = '0', power = '0'] = value.toExponential().split('e');
  return { digits: digits.replace('.', ''), exponent: Number(power) };
}

// No double has more digits than this before or after the point; further digits are zeros.
const maxDigits = 1100;

/** Rounds to `digitCount` digits. */
function roundToDigits(value: number, digitCount: number): Decimal {
  const count = Math.min(digitCount, maxDigits);
  const { exponent } = shortestDecimal(value);
  const digits = scaleToInteger(value, count - 1 - exponent).toString();
  return digits.length > count ? { digits: digits.slice(0, count), exponent: exponent + 1 } : { digits, exponent };
}

function formatScientific({ digits, exponent }: Decimal, places: number): string {
  const fraction = places > 0 ? `.${digits.slice(1).padEnd(places, '0')}` : '';
  const power = Math.abs(exponent).toString().padStart(2, '0');
  return `${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
}

function formatFixed(value: number, places: number): string {
  const exact = Math.min(places, maxDigits);
  const digits = scaleToInteger(value, exact)
    .toString()
    .padStart(exact + 1, '0');
  if (places === 0) return digits;
  return `${digits.slice(0, -exact)}.${digits.slice(-exact).padEnd(places, '0')}`;
}

/** Formats %g: with an exponent below -4, and from the precision (6 without one) up. */
function formatGeneral(value: number, precision: number | undefined): string {
  const digitCount = Math.max(precision ?? 0, 1);
  const { digits, exponent } = precision === undefined ? shortestDecimal(value) : roundToDigits(value, digitCount);
  const bare = digits.replace(/0+$/, '') || '0';
  const isShort = digitCount > bare.length && bare.length > exponent;
  const limit = precision === undefined ? 6 : isShort ? bare.length : digitCount;
  if (exponent < -4 || exponent >= limit) return formatScientific({ digits: bare, exponent }, bare.length - 1);
  return formatFixed(value, Math.max(bare.length - exponent - 1, 0));
}

function formatDigits(value: number, verb: string, precision: number | undefined): string {
  switch (verb) {
    case 'e':
    case 'E':
      return formatScientific(roundToDigits(value, (precision ?? 6) + 1), precision ?? 6);
    case 'f':
    case 'F':
      return formatFixed(value, precision ?? 6);
    default:
      return formatGeneral(value, precision);
  }
}

/** Formats a float as %e, %f, %g and %v do. */
export function formatFloat(value: number, verb: string, spec: Spec): string {
  const isNegative = value < 0 || Object.is(value, -0);
  const sign = signOf(isNegative, spec);
  const digits = formatDigits(Math.abs(value), verb, spec.precision);
  const text = verb === 'E' || verb === 'G' ? digits.toUpperCase() : digits;
  if (spec.zero && !spec.minus) return sign + text.padStart((spec.width ?? 0) - sign.length, '0');
  return pad(sign + text, { ...spec, zero: false });
}
