import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { familiarMatch, parseReference } from '../../../src/reference/familiar.ts';
import { pathMatch } from '../../../src/reference/path-match.ts';
import { patienceMs } from '../../helpers/until.ts';

describe('patterns', () => {
  // Each result was checked against Go's path.Match.
  const table: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
    ['', '', true],
    ['', 'a', false],
    ['abc', 'abc', true],
    ['*', '', true],
    ['*', 'abc', true],
    ['*', 'a/b', false],
    ['*c', 'abc', true],
    ['a*', 'a', true],
    ['a*/b', 'abc/b', true],
    ['a*/b', 'a/c/b', false],
    ['**', 'a/b', false],
    ['*/*', 'a/b', true],
    ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
    ['a*b*c*d*e*/f', 'axbxcxdxe/xxx/f', false],
    ['a*b?c*x', 'abxbbxdbxebxczzx', true],
    ['a*b?c*x', 'abxbbxdbxebxczzy', false],
    ['?', '/', false],
    ['?', '😀', true],
    ['a?b', 'a☺b', true],
    ['a???b', 'a☺b', false],
    ['ab[c]', 'abc', true],
    ['ab[b-d]', 'abc', true],
    ['ab[e-g]', 'abc', false],
    ['ab[^c]', 'abc', false],
    ['ab[^e-g]', 'abc', true],
    ['[a-ζ]*', 'α', true],
    ['[/]', '/', true],
    ['[^a]', '/', true],
    ['[\\]a]', ']', true],
    ['[\\-]', '-', true],
    ['[x\\-]', 'x', true],
    ['[d-b]', 'c', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['*[/x]*b', 'ax/b', false],
  ];
  for (const [pattern, name, expected] of table) {
    test(`${pattern} on ${name}`, () => assert.equal(pathMatch(pattern, name), expected));
  }

  for (const pattern of [
    '[',
    '[^',
    '[]',
    '[^]',
    '[]a]',
    '[-]',
    '[x-]',
    '[-x]',
    '[a-b-c]',
    '[^bc',
    'a[',
    'a[b',
    '\\',
    'x\\',
    '[\\',
  ]) {
    test(`refused: ${pattern}`, () => {
      for (const name of ['', 'a', 'zzz']) {
        assert.throws(
          () => pathMatch(pattern, name),
          (error) => isStrataError(error, 'ERR_PATTERN_INVALID'),
        );
      }
    });
  }

  test('many stars take no exponential time', () => {
    const start = performance.now();
    assert.equal(pathMatch(`${'*a'.repeat(200)}b`, 'a'.repeat(20_000)), false);
    assert.ok(performance.now() - start < patienceMs);
  });
});

test('--filter reference=', () => {
  const match = (pattern: string, text: string): boolean => familiarMatch(pattern, parseReference(text));
  assert.ok(match('busy*', 'busybox:1'));
  assert.ok(match('busybox', 'busybox:1'));
  assert.ok(match('*:1', 'busybox:1'));
  assert.ok(!match('*:2', 'busybox:1'));
  assert.ok(!match('library/*', 'busybox:1'));
  assert.ok(match('*/app', 'user/app:1'));
  assert.ok(!match('app', 'user/app:1'));
});
