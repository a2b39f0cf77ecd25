import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSize } from '../../../src/query/parse-size.ts';
import { humanDuration, humanMemory, humanSize } from '../../../src/query/units.ts';

test('sizes by thousands', () => {
  const table: readonly (readonly [number, number, string])[] = [
    [0, 4, '0B'],
    [999, 4, '999B'],
    [1000, 4, '1kB'],
    [1024, 4, '1.024kB'],
    [1_000_000, 4, '1MB'],
    [1_048_576, 4, '1.049MB'],
    [1_234_567, 3, '1.23MB'],
    [13_256, 3, '13.3kB'],
    [999_949, 3, '1e+03kB'],
    [7_500_000_000_000, 3, '7.5TB'],
    [-5, 3, '-5B'],
    [1e27, 3, '1e+03YB'],
    [2.5e3, 1, '2kB'],
  ];
  for (const [bytes, precision, text] of table) assert.equal(humanSize(bytes, precision), text);
  assert.equal(humanSize(12_345_678), '12.35MB');
});

test('memory by 1024', () => {
  assert.equal(humanMemory(0), '0B');
  assert.equal(humanMemory(1024), '1KiB');
  assert.equal(humanMemory(1_073_741_824 * 1.205), '1.205GiB');
  assert.equal(humanMemory(8_123_456_789), '7.566GiB');
});

describe('sizes read', () => {
  const table: readonly (readonly [string, 1000 | 1024, number])[] = [
    ['32', 1024, 32],
    ['32b', 1024, 32],
    ['32B', 1000, 32],
    ['32k', 1024, 32_768],
    ['32K', 1000, 32_000],
    ['32kb', 1024, 32_768],
    ['32KiB', 1024, 32_768],
    ['32 kB', 1000, 32_000],
    ['1.5g', 1024, 1_610_612_736],
    ['.5m', 1000, 500_000],
    ['32.', 1000, 32],
    ['32.5kB', 1000, 32_500],
    ['1.00001', 1000, 1],
    ['2T', 1000, 2e12],
    ['1p', 1024, 2 ** 50],
  ];
  for (const [text, base, bytes] of table) test(text, () => assert.equal(parseSize(text, base), bytes));
  for (const text of [
    '',
    'k',
    '-1',
    '+1',
    '1e3',
    '0x10',
    '32kbb',
    '32 m b',
    '32  k',
    '1ib',
    'hello',
    '32\n',
    '9999999p',
    `1${'0'.repeat(1e6)}`,
  ]) {
    test(`refused: ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => parseSize(text, 1024), { code: 'ERR_SIZE_INVALID' });
    });
  }
});

test('ages', () => {
  const second = 1000;
  const minute = 60 * second;
  const hour = 60 * minute;
  const day = 24 * hour;
  const table: readonly (readonly [number, string])[] = [
    [-5, 'Less than a second'],
    [450, 'Less than a second'],
    [second, '1 second'],
    [1.9 * second, '1 second'],
    [45 * second, '45 seconds'],
    [minute, 'About a minute'],
    [119 * second, 'About a minute'],
    [3 * minute, '3 minutes'],
    [59.9 * minute, '59 minutes'],
    [hour, 'About an hour'],
    [hour + 29 * minute, 'About an hour'],
    [hour + 31 * minute, '2 hours'],
    [47 * hour, '47 hours'],
    [2 * day, '2 days'],
    [13 * day, '13 days'],
    [14 * day, '2 weeks'],
    [59 * day, '8 weeks'],
    [60 * day, '2 months'],
    [729 * day, '24 months'],
    [730 * day, '2 years'],
    [3650 * day, '10 years'],
  ];
  for (const [milliseconds, text] of table) assert.equal(humanDuration(milliseconds), text);
});
