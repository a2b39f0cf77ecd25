import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilters, Filters } from '../../../src/query/filters.ts';
import { instantOf } from '../../../src/query/instant.ts';
import { untilFilter } from '../../../src/query/until-filter.ts';

const now = new Date('2024-02-03T04:05:06.500Z');
const passes = (flags: readonly string[]): ((milliseconds: number) => boolean) =>
  compileFilters(Filters.fromFlags(flags), { until: untilFilter((milliseconds: number) => milliseconds, now) });

test('images older than the time pass, to the millisecond', () => {
  for (const [until, limit] of [
    ['2024-01-02T00:00:00.600Z', Date.parse('2024-01-02T00:00:00.600Z')],
    ['1h', now.getTime() - 3_600_000],
    ['0', 0],
  ] as const) {
    const isOld = passes([`until=${until}`]);
    assert.deepEqual(
      [limit - 1000, limit - 100, limit - 1, limit, limit + 1].map(isOld),
      [true, true, true, false, false],
      until,
    );
  }
});

test('a second time is refused', () => {
  assert.throws(() => passes(['until=1h', 'until=2h']), { code: 'ERR_FILTER_REPEATED' });
  assert.throws(() => passes(['until=soon']), { code: 'ERR_TIME_INVALID' });
});

test('nanoseconds count forward, also before 1970', () => {
  assert.deepEqual(instantOf(1500), { seconds: 1, nanoseconds: 500_000_000 });
  assert.deepEqual(instantOf(-1), { seconds: -1, nanoseconds: 999_000_000 });
});
