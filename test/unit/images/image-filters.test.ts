import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { type FilteredImage, imageListFilters, imagePruneFilters } from '../../../src/images/image-filters.ts';
import { compileFilters, Filters } from '../../../src/query/index.ts';

const now = new Date('2026-01-10T00:00:00Z');

const image = (name: string, day: number | undefined, labels: Record<string, string> = {}): FilteredImage => {
  const [repository, tag] = name === '' ? [] : name.split(':');
  return { repository, tag, labels, createdAt: day === undefined ? undefined : new Date(Date.UTC(2026, 0, day)) };
};

const images: readonly FilteredImage[] = [
  image('app:1', 1, { stage: 'test', owner: 'a' }),
  image('app:2', 2, { stage: 'live' }),
  image('example.org/team/app:1', 3),
  image('', 4, { stage: 'test' }),
  image('old:1', undefined),
];
const formatName = ({ repository = '<none>', tag = '<none>' }: FilteredImage): string => `${repository}:${tag}`;

const createdAt = (name: string): Date | undefined => {
  const found = images.find((each) => formatName(each) === name);
  if (!found) throw new Error(`no image ${name}`);
  return found.createdAt;
};

const listNames = (...flags: readonly string[]): string[] =>
  images.filter(compileFilters(Filters.fromFlags(flags), imageListFilters(createdAt, now))).map(formatName);

const pruneNames = (...flags: readonly string[]): string[] =>
  images.filter(compileFilters(Filters.fromFlags(flags), imagePruneFilters(now))).map(formatName);

const lists: readonly (readonly [flags: readonly string[], names: readonly string[]])[] = [
  [['dangling=true'], ['<none>:<none>']],
  [
    ['dangling=0', 'label=stage'],
    ['app:1', 'app:2'],
  ],
  [['label=stage=test'], ['app:1', '<none>:<none>']],
  [['label=stage=test', 'label=owner'], ['app:1']],
  [['reference=app'], ['app:1', 'app:2']],
  [['reference=app:1'], ['app:1']],
  [['reference=*:1'], ['app:1', 'old:1']],
  [['reference=example.org/*/app'], ['example.org/team/app:1']],
  [
    ['reference=app:2', 'reference=old'],
    ['app:2', 'old:1'],
  ],
  [['before=app:2'], ['app:1', 'old:1']],
  [['since=app:2'], ['example.org/team/app:1', '<none>:<none>']],
  [['since=app:1', 'before=example.org/team/app:1'], ['app:2']],
  [['until=2026-01-02'], ['app:1', 'old:1']],
  [['until=192h'], ['app:1', 'old:1']],
];
for (const [flags, names] of lists) {
  test(`images: ${flags.join(' ')}`, () => assert.deepEqual(listNames(...flags), names));
}

const prunes: readonly (readonly [flags: readonly string[], names: readonly string[]])[] = [
  [['until=2026-01-02'], ['app:1', 'app:2']],
  [['label!=stage'], ['example.org/team/app:1', 'old:1']],
  [
    ['label!=stage=live', 'label=stage'],
    ['app:1', '<none>:<none>'],
  ],
];
for (const [flags, names] of prunes) {
  test(`prune: ${flags.join(' ')}`, () => assert.deepEqual(pruneNames(...flags), names));
}

test('invalid filters and values are refused', () => {
  const refusals: readonly (readonly [() => unknown, ErrorCode])[] = [
    [() => listNames('label!=x'), 'ERR_FILTER_INVALID'],
    [() => listNames('dangling=perhaps'), 'ERR_FILTER_INVALID'],
    [() => pruneNames('before=app:1'), 'ERR_FILTER_INVALID'],
    [() => pruneNames('until=1h', 'until=2h'), 'ERR_FILTER_REPEATED'],
    [() => pruneNames('until=yesterday'), 'ERR_TIME_INVALID'],
  ];
  for (const [call, code] of refusals) assert.throws(call, (error) => isStrataError(error, code));
});
