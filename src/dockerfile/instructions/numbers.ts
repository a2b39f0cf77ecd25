const truths: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const lies: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** Parses the words of Go's `strconv.ParseBool`; undefined for anything else. */
export function parseBoolean(text: string): boolean | undefined {
  if (truths.has(text)) return true;
  return lies.has(text) ? false : undefined;
}

/** Parses digits of the base, at most 2^32 - 1; undefined for anything else, also with a sign. */
export function parseUint32(text: string, base: 8 | 10): number | undefined {
  if (!(base === 8 ? /^[0-7]+$/ : /^[0-9]+$/).test(text)) return undefined;
  const value = Number.parseInt(text, base);
  return value <= 0xffffffff ? value : undefined;
}

const size = /^\+?(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?) ?([a-zA-Z]{0,3})$/;
const units = 'kmgtp';

/** Parses `64m`, `1.5 GiB`, `1024` into bytes: binary units, any case; undefined for anything else. */
export function parseByteSize(text: string): number | undefined {
  // `\d+\.?\d*` can split a run of digits in many ways, so only short texts are matched.
  const match = text.length > 40 ? null : size.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? '').toLowerCase();
  const power = unit === '' || unit === 'b' ? 0 : units.indexOf(unit.charAt(0)) + 1;
  if (power === 0 && unit !== '' && unit !== 'b') return undefined;
  if (unit.length > 1 && unit.slice(1) !== 'b' && unit.slice(1) !== 'ib') return undefined;
  const bytes = Math.trunc(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
