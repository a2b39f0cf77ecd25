import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { variablesOf } from '../../../src/dockerfile/environment.ts';
import { replaceMatches, trimPrefix, trimSuffix } from '../../../src/dockerfile/shell-pattern.ts';
import { expandWord, expandWords } from '../../../src/dockerfile/shell-words.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { fixture, needs } from '../../helpers/needs.ts';

const text = (name: string): string => readFileSync(fixture(`shell-lex/${name}`), 'utf8');
const table = <T>(name: string): T => (JSON.parse(text('tables.json')) as Record<string, T>)[name] as T;
const failed = Symbol('failed');

function attempt<T>(work: () => T): T | typeof failed {
  try {
    return work();
  } catch (error) {
    if (isStrataError(error, 'ERR_DOCKERFILE_EXPANSION')) return failed;
    throw error;
  }
}

const reverse = (value: string): string => Array.from(value).reverse().join('');

describe('reference: words and variables', { skip: needs('fixtures') }, () => {
  it('expands 228 words', () => {
    const env = variablesOf(['PWD=/home', 'SHELL=bash', 'KOREAN=한국어', 'NULL=']);
    let count = 0;
    for (const line of text('envVarTest').split('\n')) {
      if (line.startsWith('#') || line.trim() === '') continue;
      const [platform, source, expected] = line.split('|').map((part) => part.trim());
      // W is Windows, where names of variables ignore case.
      if (platform === 'W') continue;
      const result = attempt(() => expandWord(source ?? '', env).text);
      assert.equal(result, expected === 'error' ? failed : expected, line);
      count++;
    }
    assert.equal(count, 228);
  });

  it('splits 24 lines', () => {
    const env = new Map<string, string>();
    let count = 0;
    for (const line of text('wordsTest').split('\n')) {
      if (line.startsWith('#') || line === '') continue;
      if (line.startsWith('ENV ')) {
        for (const [name, value] of variablesOf([line.slice(4)])) env.set(name, value);
        continue;
      }
      const [source = '', expected = ''] = line.split('|');
      const words = expected.trimStart() === 'error' ? failed : expected.replace(/^ +/, '').split(',');
      assert.deepEqual(
        attempt(() => expandWords(source.trim(), env)),
        words,
        line,
      );
      count++;
    }
    assert.equal(count, 24);
  });

  it('expands 47 words and returns the variables that were set', () => {
    type Case = {
      input: string;
      envs: Record<string, string>;
      expected?: string;
      expectedErr?: boolean;
      matches?: Record<string, object> | null;
      unmatched?: Record<string, object>;
    };
    const cases = table<Case[]>('TestProcessWithMatches.tc');
    for (const { input, envs, expected, expectedErr, matches, unmatched } of cases) {
      const result = attempt(() => expandWord(input, new Map(Object.entries(envs))));
      if (expectedErr === true) {
        assert.equal(result, failed, input);
        continue;
      }
      assert.ok(result !== failed, input);
      assert.equal(result.text, expected, input);
      assert.deepEqual([...result.matched].sort(), Object.keys(matches ?? {}).sort(), input);
      assert.deepEqual([...result.unmatched].sort(), Object.keys(unmatched ?? {}).sort(), input);
    }
    assert.equal(cases.length, 47);
  });

  it('demands variables as 2 lists say', () => {
    const words = ['${VAR:?message here$ARG}', '${VAR?message here$ARG}'];
    const expand = (list: readonly string[]): unknown[] =>
      words.map((word) => {
        try {
          return expandWord(word, variablesOf(list)).text;
        } catch (error) {
          assert.match(String(error), /VAR: message herex$/);
          return failed;
        }
      });
    assert.deepEqual(expand(table('TestShellParserMandatoryEnvVars.setEnvs')), ['plain', 'plain']);
    assert.deepEqual(expand(table('TestShellParserMandatoryEnvVars.emptyEnvs')), [failed, '']);
    assert.deepEqual(expand(['ARG=x']), [failed, failed]);
  });

  const probes = ['', 'a', 'ab', '*', '?', '(()[]{}^$.*?|\\', '(()[]{}^$.*?|\\x', 'b\\a\\\\', '👽🚀🖖', 'c*a', 'a*c'];

  it('matches 4 patterns as their regular expressions do, and refuses 3', () => {
    const cases = Object.entries(table<Record<string, string>>('TestConvertShellPatternToRegex.cases'));
    for (const [pattern, expression] of cases) {
      for (const probe of probes) {
        const match = new RegExp(expression, 'u').exec(probe);
        assert.equal(trimPrefix(probe, pattern, true), match === null ? probe : probe.slice(match[0].length), pattern);
      }
    }
    const invalid = table<string[]>('TestConvertShellPatternToRegex.invalid');
    for (const pattern of invalid) {
      assert.throws(() => trimPrefix('x', pattern, false), { message: /^invalid escape/ });
      assert.throws(() => replaceMatches('x', pattern, '', { all: false, maxLength: 10 }), {
        message: /^invalid escape/,
      });
    }
    assert.deepEqual([cases.length, invalid.length], [4, 3]);
  });

  it('reads 5 patterns backwards as their reversed forms forwards', () => {
    const cases = Object.entries(table<Record<string, string>>('TestReversePattern.cases'));
    const result = (work: () => string): string | typeof failed => {
      try {
        return work();
      } catch (error) {
        assert.match(String(error), /invalid escape/);
        return failed;
      }
    };
    for (const [pattern, backwards] of cases) {
      for (const probe of probes) {
        const expected = result(() => reverse(trimPrefix(reverse(probe), backwards, false)));
        assert.equal(
          result(() => trimSuffix(probe, pattern, false)),
          expected,
          pattern,
        );
      }
    }
    assert.equal(cases.length, 5);
  });
});
