import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileWildcard, hasWildcards } from '../../../src/dockerfile/file-pattern.ts';
import { readIgnoreFile } from '../../../src/dockerfile/ignore-file.ts';
import { PatternMatcher } from '../../../src/dockerfile/pattern-matcher.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { cleanPath } from '../../../src/lib/clean-path.ts';

/** One pattern, paths it matches, paths it does not, separated by blanks. */
type Row = readonly [pattern: string, matches: string, others: string];

const split = (paths: string): string[] => (paths === '' ? [] : paths.split(' '));

describe('one pattern of an ignore file', () => {
  const rows: readonly Row[] = [
    ['a', 'a a/b a/b/c', 'b ab b/a'],
    ['/a', '', 'a'],
    ['a/', 'a a/b', 'b'],
    ['./a', 'a a/b', 'b'],
    ['a/../b', 'b', 'a'],
    ['a//b', 'a/b', 'a b'],
    ['a/b', 'a/b a/b/c', 'a a/c c/a/b'],
    ['*', 'a a/b .a', ''],
    ['*/b', 'a/b a/b/c', 'b a a/c/b'],
    ['*.md', 'a.md .md a.md/b', 'a.mdx b/a.md'],
    ['a*', 'a ab a/b ab/c', 'b/a'],
    ['a*c', 'ac abc abbc', 'a/c abcd'],
    ['?', 'a é 😀', 'ab'],
    ['a?c', 'abc a.c', 'ac a/c abbc'],
    ['[a-c]', 'a b c', 'd A'],
    ['[^a-c]x', 'dx', 'ax x'],
    ['[a\\-c]', 'a - c', 'b'],
    ['[\\]]', ']', '['],
    ['[a]b]', 'ab]', 'a b'],
    ['[é-ü]', 'ö', 'e'],
    ['a]', 'a]', 'a'],
    ['\\*', '*', 'a'],
    ['\\a', 'a', '\\a'],
    ['a\\?b', 'a?b', 'axb'],
    ['a.c', 'a.c', 'abc'],
    ['a+(b)|$^{1}', 'a+(b)|$^{1}', 'aab'],
    ['**', 'a a/b .a/b', ''],
    ['**/a', 'a b/a b/c/a a/b', 'ba b/ca'],
    // Docker compares only the end of the path here.
    ['**a', 'a ba b/ba a/b', 'ab'],
    ['**a*', 'a ab x/ab a/b', 'xa xab'],
    ['**/a/b', 'a/b x/a/b x/y/a/b', 'a x/b xa/b'],
    ['**/*.o', 'a.o x/a.o x/y/a.o', 'a.ox'],
    ['**/?.o', 'a.o x/a.o', 'ab.o x/ab.o'],
    ['**/[^a]?', 'bc x/bc x/bc/y', 'git x ab x/ab'],
    ['a/**', 'a/b a/b/c', 'a b'],
    ['a/**/b', 'a/b a/x/b a/x/y/b', 'a b a/xb'],
    ['a/**/b/**/c', 'a/b/c a/x/b/y/c', 'a/c a/b'],
    ['a**', 'a ab a/b ab/c', 'ba'],
    ['a**b', 'ab ax/b a/x/b', 'axb a/xb'],
    ['**/**', 'a a/b', ''],
    ['**/a/**', 'a/b x/a/b', 'a x/a'],
    ['a/*/b', 'a/x/b', 'a/b a/x/y/b'],
    ['a/**/*', 'a/b a/b/c', 'a b'],
    ['***', 'a a/b', ''],
    ['*/*', 'a/b a/b/c', 'a'],
    ['.git', '.git .git/x', 'x/.git git'],
    ['.', '', 'a .a'],
    ['..', '', 'a ..a'],
    ['../a', '', 'a'],
  ];

  it(`matches a path or what stands above it (${rows.reduce((sum, [, a, b]) => sum + split(a).length + split(b).length, 0)})`, () => {
    for (const [pattern, matches, others] of rows) {
      const matcher = new PatternMatcher([pattern]);
      for (const path of split(matches)) assert.equal(matcher.matches(path), true, `${pattern} ${path}`);
      for (const path of split(others)) assert.equal(matcher.matches(path), false, `${pattern} ${path}`);
    }
  });
});

describe('several patterns', () => {
  const rows: readonly (readonly [patterns: string, matches: string, others: string])[] = [
    ['a !a/b', 'a a/c', 'a/b a/b/c'],
    ['!a a', 'a', 'b'],
    ['a !a', '', 'a a/b'],
    ['a !a a', 'a', 'b'],
    ['* !*.md', 'a b/c b/a.md', 'a.md'],
    ['* !*.md README.md', 'a README.md', 'a.md'],
    ['* !README*.md README-x.md', 'README-x.md a', 'README.md'],
    ['** !src/** src/**/*.tmp', 'a src src/a.tmp src/b/c.tmp', 'src/a src/b/c'],
    ['a/* !a/b', 'a/c a/c/d', 'a a/b a/b/c'],
    ['!b', '', 'a b'],
    ['  a ', 'a', 'b'],
    ['a b a c', 'a b c', 'd'],
  ];

  it(`count in their order (${rows.length})`, () => {
    for (const [patterns, matches, others] of rows) {
      const matcher = new PatternMatcher(patterns.startsWith(' ') ? [patterns] : patterns.split(' '));
      for (const path of split(matches)) assert.equal(matcher.matches(path), true, `${patterns}: ${path}`);
      for (const path of split(others)) assert.equal(matcher.matches(path), false, `${patterns}: ${path}`);
    }
  });

  it('give the same when a tree is walked', () => {
    for (const [patterns] of rows) {
      const matcher = new PatternMatcher(patterns.split(' '));
      for (const top of ['a', 'b', 'src', 'README.md', 'a.md']) {
        const parent = matcher.matchesIn(undefined, top);
        assert.equal(parent.matched, matcher.matches(top), `${patterns}: ${top}`);
        for (const name of ['b', 'c', 'a.tmp', 'a.md']) {
          const path = `${top}/${name}`;
          const child = matcher.matchesIn(parent.folder, path);
          assert.equal(child.matched, matcher.matches(path), `${patterns}: ${path}`);
          const deep = matcher.matchesIn(child.folder, `${path}/c.tmp`).matched;
          assert.equal(deep, matcher.matches(`${path}/c.tmp`), `${patterns}: ${path}/c.tmp`);
        }
      }
    }
  });

  it('never match the root', () => {
    for (const path of ['.', '', './', 'a/..']) assert.equal(new PatternMatcher(['**', '*', '.']).matches(path), false);
  });

  it('tell what need not be looked into', () => {
    const matcher = new PatternMatcher(['*', '!a/b', '!c*/d', '!e/**/f']);
    const below = (folder: string): boolean => matcher.mayReincludeBelow(folder);
    for (const folder of ['a', 'c', 'cx', 'e', 'e/x/y']) assert.equal(below(folder), true, folder);
    for (const folder of ['a/b', 'b', 'd', 'ab']) assert.equal(below(folder), false, folder);
    assert.equal(new PatternMatcher(['*', '!**/x']).mayReincludeBelow('any'), true);
    assert.equal(new PatternMatcher(['*']).mayReincludeBelow('any'), false);
    assert.deepEqual([matcher.hasExceptions, new PatternMatcher(['a']).hasExceptions], [true, false]);
  });

  it('are refused when malformed or too many', () => {
    for (const pattern of [
      '[',
      'a[',
      '[]',
      '[]a]',
      '[^]',
      '[a-]',
      '[-a]',
      '[a',
      '[\\',
      'a\\',
      '*[',
      'a/[b',
      '!',
      '![',
    ]) {
      assert.throws(
        () => new PatternMatcher(['a', pattern]),
        { code: 'ERR_PATTERN_SYNTAX', kind: 'invalid-argument' },
        pattern,
      );
    }
    assert.throws(() => new PatternMatcher(Array.from({ length: 100_001 }, () => 'a')), { code: 'ERR_PATTERN_COUNT' });
  });

  it('stay quick for any pattern', () => {
    const path = `${'a/'.repeat(2000)}b`;
    for (const pattern of ['**/'.repeat(1000) + 'x', '*a'.repeat(500), `${'**a'.repeat(300)}z`, '[^b]'.repeat(1000)]) {
      assert.equal(new PatternMatcher([pattern]).matches(path), false);
    }
    const many = new PatternMatcher(Array.from({ length: 50_000 }, (_, index) => `*${index}*x`));
    assert.equal(many.matches('some/path/of/the/context'), false);
  });
});

describe('wildcards of COPY', () => {
  const rows: readonly Row[] = [
    ['a', 'a', 'a/b b'],
    ['*', 'a .a é', 'a/b'],
    ['*.go', 'x.go .go', 'a/x.go'],
    ['a/*', 'a/b', 'a a/b/c'],
    ['**', 'a', 'a/b'],
    ['a/**/b', 'a/x/b', 'a/b a/x/y/b'],
    ['a?c', 'abc a☺c', 'a/c ac'],
    ['[a-z]*', 'abc', 'Abc'],
    ['a\\*', 'a*', 'ab'],
  ];
  it(`match whole paths (${rows.length})`, () => {
    for (const [pattern, matches, others] of rows) {
      const test = compileWildcard(pattern);
      for (const path of split(matches)) assert.equal(test(path), true, `${pattern} ${path}`);
      for (const path of split(others)) assert.equal(test(path), false, `${pattern} ${path}`);
    }
  });

  it('are distinguished from plain paths', () => {
    assert.deepEqual(['a', 'a\\*b', 'a]', '', 'a\\'].map(hasWildcards), [false, false, false, false, false]);
    assert.deepEqual(['a*', '?', '[', 'a\\\\*'].map(hasWildcards), [true, true, true, true]);
  });
});

describe('an ignore file', () => {
  const cases: readonly (readonly [file: string, patterns: readonly string[]])[] = [
    ['', []],
    ['a\nb', ['a', 'b']],
    ['\ufeffa\n', ['a']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['# a\n#b\n a # c\n', ['a # c']],
    [' # a', ['# a']],
    ['  a  \n\t\n\n', ['a']],
    ['/a\n/\n//a//b/', ['a', '/', 'a/b']],
    ['./a/../b\n../c', ['b', '../c']],
    ['!a\n! /b\n!\n!!c', ['!a', '!b', '!', '!!c']],
    ['!/../a', ['!a']],
    ['**/a/\n*', ['**/a', '*']],
    ['a\\ b', ['a\\ b']],
  ];
  it(`gives its patterns cleaned (${cases.length})`, () => {
    for (const [file, patterns] of cases) assert.deepEqual(readIgnoreFile(utf8(file)), patterns, file);
  });

  it('may be damaged, but not too large', () => {
    assert.deepEqual(readIgnoreFile(Uint8Array.of(0x61, 0xff, 0x0a, 0x62)), ['a\uFFFD', 'b']);
    assert.throws(() => readIgnoreFile(new Uint8Array((10 << 20) + 1)), { code: 'ERR_DOCKERIGNORE_TOO_LARGE' });
  });
});

describe('a cleaned path', () => {
  const cases = [
    ['', '.'],
    ['.', '.'],
    ['/', '/'],
    ['a', 'a'],
    ['a/', 'a'],
    ['a//b', 'a/b'],
    ['./a/.', 'a'],
    ['a/..', '.'],
    ['a/../..', '..'],
    ['../a', '../a'],
    ['../../a/../b', '../../b'],
    ['/..', '/'],
    ['/../a', '/a'],
    ['/a/../..', '/'],
    ['...', '...'],
    ['a/...', 'a/...'],
  ] as const;
  it(`is the shortest of its meaning (${cases.length})`, () => {
    for (const [path, clean] of cases) assert.equal(cleanPath(path), clean, path);
  });
});
