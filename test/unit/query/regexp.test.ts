import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { Regexp } from '../../../src/query/regexp/regexp.ts';
import { fc } from '../../helpers/properties.ts';
import { patienceMs } from '../../helpers/until.ts';

describe('matches', () => {
  const table: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
    ['', ['', 'a'], []],
    ['web', ['web', '/my-web-1'], ['we', 'WEB']],
    ['^/?web$', ['web', '/web'], ['web2', 'xweb']],
    ['web.1', ['web-1', 'web.1'], ['web1', 'web\n1']],
    ['web\\.1', ['web.1'], ['web-1']],
    ['a|bc|', ['a', 'bc', 'x'], []],
    ['^(a|bc)$', ['a', 'bc'], ['b', 'abc']],
    ['^a*$', ['', 'aaa'], ['b']],
    ['^a+b?$', ['a', 'aab'], ['', 'b', 'abb']],
    ['^(ab){2,3}$', ['abab', 'ababab'], ['ab', 'abababab']],
    ['^a{2,}$', ['aa', 'aaaa'], ['a']],
    ['^a{2}$', ['aa'], ['a', 'aaa']],
    ['a{,2}', ['a{,2}'], ['aa']],
    ['{', ['{'], ['a']],
    ['^a+?$', ['aaa'], ['']],
    ['^[a-c_]+$', ['abc_'], ['d', '']],
    ['^[^a-c]$', ['d', '\n', 'é'], ['a']],
    ['^[]a]+$', [']a'], ['b']],
    ['^[^]a]$', ['b'], [']']],
    ['^[a-]+$', ['a-'], ['b']],
    ['^[\\w.-]+$', ['a_1.-'], [' ']],
    ['^[[:alpha:]]+$', ['abZ'], ['1']],
    ['^[[:^digit:]]$', ['a'], ['1']],
    ['^\\d+\\s\\w\\S\\D\\W$', ['12 a!x-'], ['12_a!x-']],
    ['\\bweb\\b', ['a web b', 'web'], ['webs']],
    ['\\Bb', ['ab'], ['b']],
    ['\\Aab\\z', ['ab'], ['ab\n']],
    ['(?i)WEB', ['web', 'WeB'], ['wb']],
    ['(?i:W)eb', ['web', 'Web'], ['wEb']],
    ['(?i)[^a]', ['b'], ['a', 'A']],
    ['^(?:ab)+$', ['abab'], ['aba']],
    ['^(?P<name>a)b$', ['ab'], ['b']],
    ['(?s)^a.b$', ['a\nb'], ['ab']],
    ['(?m)^b$', ['a\nb\nc'], ['ab']],
    ['^\\x41\\x{1F600}$', ['A😀'], ['a']],
    ['^.$', ['😀'], ['ab']],
    ['^(a*)*$', ['', 'aa'], ['b']],
    ['^(a|b*)*c$', ['c', 'abbac'], ['d']],
  ];
  for (const [pattern, yes, no] of table) {
    test(pattern, () => {
      const regexp = Regexp.parse(pattern);
      for (const text of yes) assert.ok(regexp.test(text), JSON.stringify(text));
      for (const text of no) assert.ok(!regexp.test(text), JSON.stringify(text));
    });
  }
});

describe('refused', () => {
  for (const pattern of [
    '(',
    ')',
    'a)',
    '(a',
    '[',
    '[a',
    '[]',
    '[^]',
    'a**',
    'a+*',
    'a{2}{3}',
    '*',
    '+a',
    '(*)',
    '{2}',
    '\\',
    '\\8',
    '\\pL',
    '\\q',
    '[b-a]',
    '[a-\\d]',
    '(?x)',
    '(?=a)',
    '(?<!a)',
    'a{2,1}',
    'a{1001}',
    '[[:nope:]]',
    '\\xZ',
    '(?P<n)',
  ]) {
    test(pattern, () => {
      assert.throws(
        () => Regexp.parse(pattern),
        (error) => isStrataError(error, 'ERR_REGEXP_INVALID'),
      );
    });
  }
});

describe('bounds', () => {
  test('patterns that make backtracking explode', () => {
    const text = `${'a'.repeat(5000)}!`;
    for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '^(.*a){20}$', '(x+x+)+y']) {
      const start = performance.now();
      Regexp.parse(pattern).test(text);
      assert.ok(performance.now() - start < patienceMs, pattern);
    }
  });

  test('repetitions of repetitions, nesting, length', () => {
    assert.throws(() => Regexp.parse('((a{100}){100}){100}'), { code: 'ERR_REGEXP_TOO_LARGE', kind: 'exhausted' });
    assert.equal(Regexp.parse(`${'('.repeat(50)}${'){1000}'.repeat(50)}b`).test('abc'), true);
    assert.throws(() => Regexp.parse(`${'('.repeat(400)}${')'.repeat(400)}`), { code: 'ERR_REGEXP_INVALID' });
    assert.throws(() => Regexp.parse('a'.repeat(1001)), { code: 'ERR_REGEXP_INVALID' });
  });
});

test('agrees with JavaScript where both mean the same', () => {
  const unit = fc.constantFrom('a', 'b', '.', '|', '(?:', ')', '*', '+', '?', '^', '$', '[ab]', '[^a]', '{1,2}', '\\w');
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 8 }), text, (pattern, subject) => {
      let theirs: RegExp;
      try {
        theirs = new RegExp(pattern, 'u');
        const ours = Regexp.parse(pattern);
        assert.equal(ours.test(subject), theirs.test(subject), `${pattern} on ${subject}`);
      } catch (error) {
        assert.ok(error instanceof SyntaxError || isStrataError(error, 'ERR_REGEXP_INVALID'), String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
