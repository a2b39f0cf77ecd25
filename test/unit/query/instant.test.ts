import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareInstants, parseInstant } from '../../../src/query/instant.ts';

const now = { seconds: 1_700_000_000, nanoseconds: 500_000_000 };
const read = (text: string, zoneMinutes?: number): string => {
  const { seconds, nanoseconds } = parseInstant(text, { now, ...(zoneMinutes === undefined ? {} : { zoneMinutes }) });
  return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
};

describe('read', () => {
  // Checked against docker's GetTimestamp.
  const table: readonly (readonly [string, string, number?])[] = [
    ['10m', '1699999400.500000000'],
    ['-10m', '1700000600.500000000'],
    ['1h30m', '1699994600.500000000'],
    ['1.5s', '1699999999.000000000'],
    ['600ms', '1699999999.900000000'],
    ['0s', '1700000000.500000000'],
    ['0', '0.000000000'],
    ['1136073600', '1136073600.000000000'],
    ['1136073600.000000001', '1136073600.000000001'],
    ['1136073600.5', '1136073600.500000000'],
    ['2006-01-02', '1136160000.000000000'],
    ['2006-01-02', '1136152800.000000000', 120],
    ['2006-01-02Z', '1136160000.000000000', 120],
    ['2006-01-02-07:00', '1136185200.000000000'],
    ['2006-01-02T15', '1136214000.000000000'],
    ['2006-01-02T15:04', '1136214240.000000000'],
    ['2006-01-02T15:04:05', '1136214245.000000000'],
    ['2006-01-02T15:04:05.999', '1136214245.999000000'],
    ['2006-01-02T15:04:05Z', '1136214245.000000000'],
    ['2006-01-02T15:04:05.000000001Z', '1136214245.000000001'],
    ['2006-01-02T15:04:05+01:00', '1136210645.000000000'],
    ['2006-01-02T15:04:05-07:30', '1136241245.000000000'],
    ['2006-01-02T15:04+01:00', '1136210640.000000000'],
    ['2006-01-02T15-01:00', '1136217600.000000000'],
    ['0001-01-01', '-62135596800.000000000'],
    ['1969-12-31T23:59:59.5Z', '-1.500000000'],
    ['2024-02-29', '1709164800.000000000'],
  ];
  for (const [text, expected, zone] of table) {
    test(`${text} ${zone ?? ''}`, () => assert.equal(read(text, zone), expected));
  }
});

describe('refused', () => {
  for (const text of [
    '',
    'yesterday',
    '2d',
    '-5',
    '1.2.3',
    '2006-13-01',
    '2006-00-01',
    '2006-02-30',
    '2023-02-29',
    '2006-01-02T24',
    '2006-01-02T15:60',
    '2006-01-02T15:04:60',
    '2006-01-02 15:04',
    '2006-1-2',
    '2006-01-02T15:04:05z',
    '2006-01-02T15:04:05+0100',
    '2006-01-02T15.5',
    ' 2006-01-02',
    '2006-01-02\n',
    '9'.repeat(100_000),
  ]) {
    test(JSON.stringify(text.slice(0, 40)), () => {
      assert.throws(() => read(text), { code: 'ERR_TIME_INVALID', kind: 'invalid-argument' });
    });
  }
});

test('order', () => {
  const sorted = [
    { seconds: -1, nanoseconds: 5 },
    { seconds: 0, nanoseconds: 0 },
    { seconds: 0, nanoseconds: 1 },
    { seconds: 1, nanoseconds: 0 },
  ];
  assert.deepEqual(sorted.toReversed().sort(compareInstants), sorted);
});
