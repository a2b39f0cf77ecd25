import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compileWildcard } from '../../../src/dockerfile/file-pattern.ts';
import { readIgnoreFile } from '../../../src/dockerfile/ignore-file.ts';
import { PatternMatcher } from '../../../src/dockerfile/pattern-matcher.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { cleanPath } from '../../../src/lib/clean-path.ts';
import { fixture, needs } from '../../helpers/needs.ts';

const json = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(fixture(`patternmatcher/${name}`), 'utf8')) as Record<string, unknown>;
const table = <T>(name: string): T => json('tables.json')[name] as T;

/** Matches `path` step by step from its first folder, as a builder walks the context. */
function matchesByWalk(matcher: PatternMatcher, path: string): boolean {
  const elements = cleanPath(path).split('/');
  let result: ReturnType<PatternMatcher['matchesIn']> | undefined;
  for (const index of elements.keys()) {
    result = matcher.matchesIn(result?.folder, elements.slice(0, index + 1).join('/'));
  }
  return result?.matched ?? false;
}

describe('reference: patterns of paths', { skip: needs('fixtures') }, () => {
  it('matches 67 single patterns and 4 lists, at once and by walking', () => {
    type Case = { text: string; pass: boolean; pattern?: string; patterns?: string[] };
    const cases = [...table<Case[]>('TestMatches.tests'), ...table<Case[]>('TestMatches.multiPatternTests')];
    for (const { text, pass, pattern, patterns } of cases) {
      const matcher = new PatternMatcher(patterns ?? [pattern ?? '']);
      assert.equal(matcher.matches(text), pass, `${pattern ?? patterns?.join(' ')} ${text}`);
      // The root itself is no element of a walk.
      if (text !== '/') assert.equal(matchesByWalk(matcher, text), pass, `${pattern ?? patterns?.join(' ')} ${text}`);
    }
    assert.equal(cases.length, 71);
  });

  it('matches or refuses 54 patterns of filepath.Match', () => {
    const cases = table<{ pattern: string; s: string; match: boolean; err: object | null }[]>('<pkg>.matchTests');
    // A matching folder includes its content; filepath.Match itself has no folders.
    const onlyByParent = new Set(['a* ab/c']);
    for (const { pattern, s, match, err } of cases) {
      if (err !== null) {
        assert.throws(
          () => new PatternMatcher([pattern]),
          (error) => isStrataError(error, 'ERR_PATTERN_SYNTAX'),
          pattern,
        );
        assert.throws(
          () => compileWildcard(pattern),
          (error) => isStrataError(error, 'ERR_PATTERN_SYNTAX'),
          pattern,
        );
        continue;
      }
      assert.equal(new PatternMatcher([pattern]).matches(s), match, `${pattern} ${s}`);
      const alone = match && !onlyByParent.has(`${pattern} ${s}`);
      assert.equal(compileWildcard(pattern)(s), alone, `${pattern} ${s}`);
    }
    assert.equal(cases.length, 54);
  });

  it('matches as 21 compiled patterns do', () => {
    type Case = { pattern: string; compiledRegexp: string; matchType: { $go: string } };
    const cases = table<Case[]>('<pkg>.compileTests');
    const names = [
      'file',
      'dir',
      'dir2',
      'a',
      'b',
      'abc.def',
      'abcxdef',
      'ace',
      '.foo',
      'file1.txt',
      'txt',
      'a(b)c',
      'def',
      'foo',
      'bar',
      'a.|)$(}+{bc',
    ];
    const paths = [...names, ...names.flatMap((first) => names.map((second) => `${first}/${second}`))];
    paths.push(...names.map((name) => `dir/dir2/${name}`), 'dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl');
    for (const { pattern, compiledRegexp, matchType } of cases) {
      const matcher = new PatternMatcher([pattern]);
      const tests: Record<string, (path: string) => boolean> = {
        regexpMatch: (path) => new RegExp(compiledRegexp).test(path),
        exactMatch: (path) => path === pattern,
        prefixMatch: (path) => path.startsWith(pattern.slice(0, -2)),
        suffixMatch: (path) => path.endsWith(pattern.slice(2)) || `/${path}` === pattern.slice(2),
      };
      const expected = tests[matchType.$go];
      for (const path of paths) {
        const { matched } = matcher.matchesIn(undefined, path);
        assert.equal(matched, expected?.(path), `${pattern} ${path}`);
      }
    }
    assert.equal(cases.length, 21);
  });

  it('cleans 5 lists of patterns', () => {
    const list = (name: string): PatternMatcher =>
      new PatternMatcher(table<string[]>(`TestCleanPatterns${name}.patterns`));
    assert.equal(list('').hasExceptions, false);
    assert.equal(list('StripEmptyPatterns').hasExceptions, false);
    for (const name of ['ExceptionFlag', 'LeadingSpaceTrimmed', 'TrailingSpaceTrimmed']) {
      const matcher = list(name);
      assert.equal(matcher.hasExceptions, true, name);
      assert.deepEqual([matcher.matches('docs/a'), matcher.matches('docs/README.md')], [true, false], name);
    }
  });

  it('reads an ignore file', () => {
    const file = 'test1\n/test2\n/a/file/here\n\nlastfile\n# comment\n! /inverted/abs/path\n!\n! \n';
    assert.deepEqual(readIgnoreFile(utf8(file)), json('ignorefile.json')['TestReadAll.expected']);
  });
});
