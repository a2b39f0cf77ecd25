import { formatValue } from './printf.ts';
import { compareStrings, type Kind, kindOf, Nil, toNumber, typeName, type Value } from './values.ts';

const basic: ReadonlySet<Kind> = new Set<Kind>(['bool', 'string', 'int', 'float']);

const isUntypedNil = (value: Value): boolean => value === undefined || value === null;
const isNil = (value: Value): boolean => isUntypedNil(value) || value instanceof Nil;

function equals(a: Value, b: Value): boolean {
  const [kind, other] = [kindOf(a), kindOf(b)];
  if (isUntypedNil(a) || isUntypedNil(b)) return isNil(a) && isNil(b);
  if (basic.has(kind) || basic.has(other)) {
    if (kind !== other) throw new Error('incompatible types for comparison');
    if (kind === 'int') return BigInt(a as number | bigint) === BigInt(b as number | bigint);
    return kind === 'float' ? toNumber(a) === toNumber(b) : a === b;
  }
  if (kind !== other) {
    const [first, second] = [formatValue(a, 's'), formatValue(b)];
    throw new Error(`non-comparable types ${first}: ${typeName(a)}, ${typeName(b)}: ${second}`);
  }
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  if (kind === 'struct') return a === b;
  throw new Error(`non-comparable type ${formatValue(b, 's')}: ${typeName(b)}`);
}

/** Returns true if the first equals any of the others, for `eq`. Throws Errors with Go's messages. */
export function isEqual(first: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison');
  return others.some((other) => equals(first, other));
}

/** Compares two integers, floats or texts: negative, zero or positive. Throws Errors with Go's messages. */
export function compare(a: Value, b: Value): number {
  const [kind, other] = [kindOf(a), kindOf(b)];
  if (!basic.has(kind) || !basic.has(other)) throw new Error('invalid type for comparison');
  if (kind !== other) throw new Error('incompatible types for comparison');
  switch (kind) {
    case 'string':
      return compareStrings(a as string, b as string);
    case 'int': {
      const [x, y] = [BigInt(a as number | bigint), BigInt(b as number | bigint)];
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case 'float':
      return toNumber(a) - toNumber(b);
    default:
      throw new Error('invalid type for comparison');
  }
}
