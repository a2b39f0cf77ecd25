import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatDuration, parseDuration } from '../../../src/query/duration.ts';
import { fc } from '../../helpers/properties.ts';

describe('read', () => {
  const table: readonly (readonly [string, bigint])[] = [
    ['0', 0n],
    ['-0', 0n],
    ['0s', 0n],
    ['1ns', 1n],
    ['1us', 1_000n],
    ['1µs', 1_000n],
    ['1μs', 1_000n],
    ['1ms', 1_000_000n],
    ['5s', 5_000_000_000n],
    ['-5s', -5_000_000_000n],
    ['+5s', 5_000_000_000n],
    ['1.5h', 5_400_000_000_000n],
    ['.5s', 500_000_000n],
    ['5.s', 5_000_000_000n],
    ['1h15m30.918s', 4_530_918_000_000n],
    ['3m3m', 360_000_000_000n],
    ['0.0000000001s', 0n],
    ['0.3333333333333333333h', 1_199_999_999_999n],
    ['9223372036854775807ns', 9_223_372_036_854_775_807n],
    ['-9223372036854775808ns', -9_223_372_036_854_775_808n],
    ['2562047h47m16.854775807s', 9_223_372_036_854_775_807n],
  ];
  for (const [text, value] of table) test(text, () => assert.equal(parseDuration(text), value));
});

describe('refused', () => {
  const table: readonly (readonly [string, string])[] = [
    ['', 'time: invalid duration ""'],
    ['3', 'time: missing unit in duration "3"'],
    ['-', 'time: invalid duration "-"'],
    ['s', 'time: invalid duration "s"'],
    ['.', 'time: invalid duration "."'],
    ['.s', 'time: invalid duration ".s"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['1.5.5s', 'time: missing unit in duration "1.5.5s"'],
    ['1h-5m', 'time: unknown unit "h-" in duration "1h-5m"'],
    [' 1s', 'time: invalid duration " 1s"'],
    ['1s ', 'time: unknown unit "s " in duration "1s "'],
    ['1constructor', 'time: unknown unit "constructor" in duration "1constructor"'],
    ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
    ['-9223372036854775809ns', 'time: invalid duration "-9223372036854775809ns"'],
    ['2562047h47m16.854775808s', 'time: invalid duration "2562047h47m16.854775808s"'],
  ];
  for (const [text, message] of table) {
    test(JSON.stringify(text), () =>
      assert.throws(() => parseDuration(text), { code: 'ERR_DURATION_INVALID', message }),
    );
  }
  test('a million digits', () => {
    assert.throws(() => parseDuration(`${'9'.repeat(1e6)}s`), { code: 'ERR_DURATION_INVALID' });
  });
});

describe('written', () => {
  const table: readonly (readonly [bigint, string])[] = [
    [0n, '0s'],
    [1n, '1ns'],
    [1_100n, '1.1µs'],
    [2_200_000n, '2.2ms'],
    [3_300_000_000n, '3.3s'],
    [245_000_000_000n, '4m5s'],
    [245_001_000_000n, '4m5.001s'],
    [18_367_001_000_000n, '5h6m7.001s'],
    [480_000_000_001n, '8m0.000000001s'],
    [3_600_000_000_000n, '1h0m0s'],
    [-1n, '-1ns'],
    [-90_000_000_000n, '-1m30s'],
    [-9_223_372_036_854_775_808n, '-2562047h47m16.854775808s'],
  ];
  for (const [value, text] of table) test(text, () => assert.equal(formatDuration(value), text));
});

test('a formatted duration parses to the same value', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
      assert.equal(parseDuration(formatDuration(value)), value);
    }),
  );
});
