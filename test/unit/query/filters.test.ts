import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  compileFilters,
  Filters,
  type FilterTable,
  hasLabels,
  isOneOf,
  isWhether,
  lacksLabels,
  matchesOneOf,
  startsWithOneOf,
} from '../../../src/query/filters.ts';

interface Row {
  readonly id: string;
  readonly names: readonly string[];
  readonly status: string;
  readonly labels: { readonly [key: string]: string };
  readonly dangling: boolean;
}

const rows: readonly Row[] = [
  { id: 'aaa1', names: ['/web', '/front'], status: 'running', labels: { tier: 'front', env: 'prod' }, dangling: false },
  { id: 'aab2', names: ['/web-2'], status: 'exited', labels: { tier: 'front', env: 'test=1' }, dangling: false },
  { id: 'bbb3', names: ['/db'], status: 'exited', labels: {}, dangling: true },
];

const table: FilterTable<Row> = {
  id: startsWithOneOf((row) => row.id),
  name: matchesOneOf((row) => row.names.flatMap((name) => [name, name.slice(1)])),
  status: isOneOf((row) => row.status),
  label: hasLabels((row) => row.labels),
  'label!': lacksLabels((row) => row.labels),
  dangling: isWhether('dangling', (row) => row.dangling),
};

const select = (...flags: readonly string[]): string =>
  rows
    .filter(compileFilters(Filters.fromFlags(flags), table))
    .map((row) => row.id)
    .join(' ');

describe('rows that stay', () => {
  const cases: readonly (readonly [flags: readonly string[], ids: string])[] = [
    [[], 'aaa1 aab2 bbb3'],
    [[''], 'aaa1 aab2 bbb3'],
    [['id=aa'], 'aaa1 aab2'],
    [['id=aab2'], 'aab2'],
    [['id=a2'], ''],
    [['id=bbb', 'id=aaa'], 'aaa1 bbb3'],
    [['status=exited'], 'aab2 bbb3'],
    [['status=exit'], ''],
    [['status=exited', 'status=running'], 'aaa1 aab2 bbb3'],
    [['name=web'], 'aaa1 aab2'],
    [['name=^web$'], 'aaa1'],
    [['name=^/web$'], 'aaa1'],
    [['name=front'], 'aaa1'],
    [['name=w.b'], 'aaa1 aab2'],
    [['name=w('], ''],
    [['label=tier'], 'aaa1 aab2'],
    [['label=tier=front'], 'aaa1 aab2'],
    [['label=tier=back'], ''],
    [['label=tier', 'label=env=prod'], 'aaa1'],
    [['label=env=test=1'], 'aab2'],
    [['label=constructor'], ''],
    [['label!=tier'], 'bbb3'],
    [['label!=env=prod'], 'aab2 bbb3'],
    [['label!=tier', 'label!=nope'], 'aaa1 aab2 bbb3'],
    [['dangling=true'], 'bbb3'],
    [['dangling=0'], 'aaa1 aab2'],
    [['DANGLING = 1'], 'bbb3'],
    [['status=exited', 'name=web'], 'aab2'],
  ];
  for (const [flags, ids] of cases) test(flags.join(' '), () => assert.equal(select(...flags), ids));
});

describe('refused', () => {
  const cases: readonly (readonly [flags: readonly string[], code: string, message: string])[] = [
    [['nope'], 'ERR_FILTER_FORMAT', 'bad format of filter (expected name=value)'],
    [['nope=1'], 'ERR_FILTER_INVALID', "invalid filter 'nope'"],
    [['constructor=1'], 'ERR_FILTER_INVALID', "invalid filter 'constructor'"],
    [['=1'], 'ERR_FILTER_INVALID', "invalid filter ''"],
    [['name!=x'], 'ERR_FILTER_INVALID', "invalid filter 'name!'"],
    [['dangling=maybe'], 'ERR_FILTER_INVALID', "invalid filter 'dangling=[maybe]'"],
    [['dangling=true', 'dangling=0'], 'ERR_FILTER_INVALID', "invalid filter 'dangling=[true 0]'"],
    [
      ['name=((a{100}){100}){100}'],
      'ERR_REGEXP_TOO_LARGE',
      'regular expression: its repetitions come to more than 4000 steps',
    ],
  ];
  for (const [flags, code, message] of cases) {
    test(flags.join(' '), () => assert.throws(() => select(...flags), { code, message }));
  }
  test('an unknown name is refused with the known ones', () => {
    const hint = 'Use one of id, name, status, label, label!, dangling.';
    assert.throws(() => select('nope=1'), { code: 'ERR_FILTER_INVALID', hint });
  });
  test('more values than anybody means', () => {
    const flags = Array.from({ length: 201 }, (_, at) => `name=${at}`);
    assert.throws(() => Filters.fromFlags(flags), { code: 'ERR_FILTER_INVALID' });
  });
});

test('the API’s parameter, new and old', () => {
  const now = Filters.fromJson({ label: { a: true, 'b=c': true }, dangling: { true: true } });
  const old = Filters.fromJson({ label: ['a', 'b=c', 'a'], dangling: ['true'] });
  for (const filters of [now, old]) {
    assert.deepEqual(filters.names, ['label', 'dangling']);
    assert.deepEqual(filters.values('label'), ['a', 'b=c']);
    assert.equal(filters.boolean('dangling', false), true);
    assert.equal(filters.boolean('nope', true), true);
    assert.deepEqual(filters.values('constructor'), []);
  }
  assert.deepEqual(Filters.fromJson(JSON.parse('{"__proto__":["x"]}')).names, ['__proto__']);
  for (const bad of [null, 1, 'x', [], { a: 1 }, { a: null }, { a: [1] }, { a: 'x' }]) {
    assert.throws(() => Filters.fromJson(bad), { code: 'ERR_FILTER_INVALID', message: 'invalid filter' });
  }
});
