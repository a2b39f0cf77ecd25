import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { variablesOf } from '../../../src/dockerfile/environment.ts';
import { expandWord, expandWords, type WordOptions } from '../../../src/dockerfile/shell-words.ts';
import { isStrataError } from '../../../src/errors/index.ts';

const env = variablesOf([
  'HOME=/root',
  'VER=1.2.3',
  'EMPTY=',
  'SP=two  words',
  'STAR=a*b?c',
  'PATH=/usr/bin:/bin',
  'FILE=src/lib/code.tar.gz',
  'Ünï=letters',
  '1=one',
  'UNDER_SCORE=yes',
  'NL=first\nsecond',
  'EMOJI=😀😃x',
  'QUOTED="q"',
]);

/** `error: …` holds the tail of the message. */
type Table = Readonly<Record<string, readonly (readonly [word: string, expected: string])[]>>;

function check(tables: Table, options: WordOptions = {}): void {
  for (const [title, cases] of Object.entries(tables)) {
    it(`${title} (${cases.length})`, () => {
      for (const [word, expected] of cases) {
        let result: string;
        try {
          result = expandWord(word, env, options).text;
        } catch (error) {
          assert.ok(isStrataError(error, 'ERR_DOCKERFILE_EXPANSION'), word);
          assert.ok(error.message.startsWith('failed to process "'), error.message);
          result = `error: ${error.message.slice(error.message.lastIndexOf('": ') + 3)}`;
        }
        assert.equal(result, expected, word);
      }
    });
  }
}

describe('one word', () => {
  check({
    'names of variables': [
      ['$HOME', '/root'],
      ['$HOME/x', '/root/x'],
      ['${HOME}x', '/rootx'],
      ['$HOMEx', ''],
      ['$UNDER_SCORE!', 'yes!'],
      ['$Ünï', 'letters'],
      ['${Ünï}', 'letters'],
      ['$1', 'one'],
      ['$1a', 'onea'],
      ['$12', ''],
      ['$', '$'],
      ['a$', 'a$'],
      ['$ a', '$ a'],
      ['$=', '$='],
      ['$-x', 'x'],
      ['$$HOME', 'HOME'],
      ['${$}', ''],
      ['$HOME$VER', '/root1.2.3'],
      ['a${EMPTY}b', 'ab'],
      ['$EMPTY', ''],
    ],
    'quotes and escapes': [
      ['', ''],
      ["''", ''],
      ['""', ''],
      ["'$HOME'", '$HOME'],
      ['"$HOME"', '/root'],
      [`"it's"`, "it's"],
      [`'say "x"'`, 'say "x"'],
      ['\\$HOME', '$HOME'],
      ['"\\$HOME"', '$HOME'],
      ['"a\\b"', 'a\\b'],
      ['"a\\\\b"', 'a\\b'],
      ['a\\b', 'ab'],
      ["'a\\b'", 'a\\b'],
      ['a\\ b', 'a b'],
      ['"a\\"b"', 'a"b'],
      [`'a'"b"c`, 'abc'],
      ['\\', ''],
      ['a\\\\', 'a\\'],
      ['\\😀', '😀'],
      ['`$HOME`', '`/root`'],
      ['<<EOF', '<<EOF'],
      ['a<b', 'a<b'],
      ['"<<"', '<<'],
      ["'open", 'error: unexpected end of statement while looking for matching single-quote'],
      ['"open', 'error: unexpected end of statement while looking for matching double-quote'],
      ['"open\\"', 'error: unexpected end of statement while looking for matching double-quote'],
      ['"$HOME', 'error: unexpected end of statement while looking for matching double-quote'],
    ],
    'defaults and alternatives': [
      ['${NONE:-d}', 'd'],
      ['${NONE-d}', 'd'],
      ['${EMPTY:-d}', 'd'],
      ['${EMPTY-d}', ''],
      ['${VER:-d}', '1.2.3'],
      ['${NONE:-}', ''],
      ['${NONE:-$HOME}', '/root'],
      ['${NONE:-${NOPE:-deep}}', 'deep'],
      ['${NONE:-${NOPE:-${HOME}}}', '/root'],
      ['${NONE:-a b}', 'a b'],
      ['${NONE:-"a}b"}', 'a}b'],
      ["${NONE:-'}'}", '}'],
      ['${NONE:-\\}}', '}'],
      ['${VER:+set}', 'set'],
      ['${VER+set}', 'set'],
      ['${EMPTY:+set}', ''],
      ['${EMPTY+set}', 'set'],
      ['${NONE:+set}', ''],
      ['${NONE+set}', ''],
      ['${VER:+v$VER}', 'v1.2.3'],
      ['${VER:+${EMPTY:-x}}', 'x'],
      ['"${NONE:-d}"', 'd'],
      ["'${NONE:-d}'", '${NONE:-d}'],
      ['${NONE--}', '-'],
      ['${NONE:--1}', '-1'],
    ],
    demands: [
      ['${VER?}', '1.2.3'],
      ['${VER:?}', '1.2.3'],
      ['${EMPTY?}', ''],
      ['${EMPTY:?}', 'error: EMPTY: is not allowed to be empty'],
      ['${NONE?}', 'error: NONE: is not allowed to be unset'],
      ['${NONE:?}', 'error: NONE: is not allowed to be unset'],
      ['${NONE:?set it}', 'error: NONE: set it'],
      ['${NONE?see $HOME}', 'error: NONE: see /root'],
      ['${NONE:-${NOPE?gone}}', 'error: NOPE: gone'],
      ['${VER:+${NOPE?gone}}', 'error: NOPE: gone'],
    ],
    'prefixes and suffixes': [
      ['${VER#1.}', '2.3'],
      ['${VER#2}', '1.2.3'],
      ['${VER#*.}', '2.3'],
      ['${VER##*.}', '3'],
      ['${VER%.*}', '1.2'],
      ['${VER%%.*}', '1'],
      ['${VER%.3}', '1.2'],
      ['${VER%x}', '1.2.3'],
      ['${VER#?}', '.2.3'],
      ['${VER##?}', '.2.3'],
      ['${VER%??}', '1.2'],
      ['${VER#*}', '1.2.3'],
      ['${VER##*}', ''],
      ['${VER%*}', '1.2.3'],
      ['${VER%%*}', ''],
      ['${VER#}', '1.2.3'],
      ['${VER%}', '1.2.3'],
      ['${FILE##*/}', 'code.tar.gz'],
      ['${FILE#*/}', 'lib/code.tar.gz'],
      ['${FILE%/*}', 'src/lib'],
      ['${FILE%%/*}', 'src'],
      ['${FILE%.gz}', 'src/lib/code.tar'],
      ['${FILE%.tar.*}', 'src/lib/code'],
      ['${FILE##*lib}', '/code.tar.gz'],
      ['${FILE#s*c/l*b}', '/code.tar.gz'],
      ['${STAR#a\\*}', 'b?c'],
      ['${STAR%\\?c}', 'a*b'],
      ['${STAR#a?}', 'b?c'],
      ['${PATH%%:*}', '/usr/bin'],
      ['${PATH##*:}', '/bin'],
      ['${EMOJI#?}', '😃x'],
      ['${EMOJI%?}', '😀😃'],
      ['${EMOJI%%😃*}', '😀'],
      ['${NONE#x}', ''],
      ['${NONE%%*}', ''],
      ['${NL#*}', 'first\nsecond'],
      ['${NL##*}', '\nsecond'],
      ['${NL%%*}', 'first\n'],
      ['${VER#$1}', '1.2.3'],
      ['${VER#${EMPTY:-1.}}', '2.3'],
      ['${VER#[1]}', '1.2.3'],
      ['${VER#\\x}', "error: invalid pattern (\\x) in substitution: invalid escape '\\x'"],
    ],
    replacement: [
      ['${VER/./-}', '1-2.3'],
      ['${VER//./-}', '1-2-3'],
      ['${VER/./}', '12.3'],
      ['${VER//./}', '123'],
      ['${VER//?/x}', 'xxxxx'],
      ['${VER/*/x}', 'x'],
      ['${VER//*/x}', 'x'],
      ['${VER/9/x}', '1.2.3'],
      ['${FILE//\\//_}', 'src_lib_code.tar.gz'],
      ['${FILE/src/dst}', 'dst/lib/code.tar.gz'],
      ['${FILE/l*\\//}', 'src/code.tar.gz'],
      ['${FILE/%/x}', 'src/lib/code.tar.gz'],
      ['${STAR/\\*/+}', 'a+b?c'],
      ['${STAR//[*]/+}', 'a*b?c'],
      ['${VER/2/$HOME}', '1./root.3'],
      ['${VER/${1}/x}', '1.2.3'],
      ['${NONE/a/b}', ''],
      ['${EMPTY//a/b}', ''],
      ['${EMPTY//*/b}', 'b'],
      ['${EMOJI//?/.}', '...'],
      ['${EMOJI/😃/-}', '😀-x'],
      ['${NL//s*/_}', 'fir_\n_'],
      ['${VER/./"-"}', '1-2.3'],
      ['${VER/.}', "error: syntax error: missing '/' in ${}"],
      ['${VER//.}', "error: syntax error: missing '/' in ${}"],
      ['${VER/./-', "error: syntax error: missing '}'"],
      ['${VER/\\z/-}', "error: invalid pattern (\\z) in substitution: invalid escape '\\z'"],
    ],
    'what is no substitution': [
      ['${}', 'error: syntax error: bad substitution'],
      ['${{a}', 'error: syntax error: bad substitution'],
      ['${:-a}', 'error: syntax error: bad substitution'],
      ['${', "error: syntax error: missing '}'"],
      ['${HOME', "error: syntax error: missing '}'"],
      ['${HOME:', "error: syntax error: missing '}'"],
      ['${HOME:-x', "error: syntax error: missing '}'"],
      ['${HOME:=x}', 'error: unsupported modifier (:=) in substitution'],
      ['${HOME=x}', 'error: unsupported modifier (=) in substitution'],
      ['${HOME^^}', 'error: unsupported modifier (^) in substitution'],
      ['${HOME:0:2}', 'error: unsupported modifier (:0) in substitution'],
      ['${HOME:#x}', 'error: unsupported modifier (:#) in substitution'],
      ['${HOME:%x}', 'error: unsupported modifier (:%) in substitution'],
      ['${HOME x}', 'error: unsupported modifier ( ) in substitution'],
      ['${#HOME}', 'error: unsupported modifier (H) in substitution'],
    ],
  });

  describe('with a backtick as escape character', () => {
    check(
      {
        escapes: [
          ['`$HOME', '$HOME'],
          ['c:\\dir', 'c:\\dir'],
          ['"`""', '"'],
          ['a` b', 'a b'],
          ['a``', 'a`'],
          ['\\$HOME', '\\/root'],
        ],
      },
      { escape: '`' },
    );
  });

  describe('with quotes as text', () => {
    check(
      {
        'content of a heredoc': [
          [`it's "$HOME"`, `it's "/root"`],
          ["'$VER'", "'1.2.3'"],
          ['\\$VER', '$VER'],
          ["${NONE:-it's}", "it's"],
          ['line\n\t$VER\n', 'line\n\t1.2.3\n'],
        ],
      },
      { literalQuotes: true },
    );
  });

  describe('with everything kept', () => {
    check(
      {
        'quotes, escapes and unset variables': [
          [`"a" 'b'`, `"a" 'b'`],
          ['\\$HOME', '\\$HOME'],
          ['$NONE/$HOME', '$NONE//root'],
          ['${NONE}', '${NONE}'],
          ['${NONE:-x}', '${NONE:-x}'],
          ['${NONE#a*}', '${NONE#a*}'],
          ['${NONE/a/b}', '${NONE/a/b}'],
          ['${NONE:=x}', '${NONE:=x}'],
          ['"\\""', '"\\""'],
        ],
      },
      { rawQuotes: true, rawEscapes: true, keepUnset: true },
    );
  });

  it('returns the variables that were looked up', () => {
    const { matched, unmatched } = expandWord("$HOME ${A:-$EMPTY} ${VER:+$B} ${C/x/$HOME} '$D' \\$E", env);
    assert.deepEqual([...matched].sort(), ['EMPTY', 'HOME', 'VER']);
    assert.deepEqual([...unmatched].sort(), ['A', 'B', 'C']);
  });

  it('names the line in the details of an error', () => {
    const expand = (): unknown => expandWord('${X?}', env, { location: { start: 3, end: 4 } });
    assert.throws(expand, { kind: 'invalid-argument', details: { line: 3, endLine: 4 } });
  });

  it('quotes no more than the beginning of a long word', () => {
    assert.throws(
      () => expandWord(`\${${'x'.repeat(100_000)}`, env),
      (error) => String(error).length < 500,
    );
  });
});

describe('words', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['  \t ', []],
    ['a', ['a']],
    [' a  b\tc ', ['a', 'b', 'c']],
    ['a\\ b', ['a b']],
    ['"a b" c', ['a b', 'c']],
    [`'a b'"c d"e`, ['a bc de']],
    ['$SP', ['two', 'words']],
    ['"$SP"', ['two  words']],
    ["'$SP'", ['$SP']],
    ['x$SP', ['xtwo', 'words']],
    ['${SP}x y', ['two', 'wordsx', 'y']],
    ['$NONE', []],
    ['$EMPTY a', ['a']],
    ['"" a', ['a']],
    ['$PATH', ['/usr/bin:/bin']],
    ['${NONE:-a b}', ['a', 'b']],
    ['"${NONE:-a b}"', ['a b']],
    ['a\u00a0b', ['a', 'b']],
    ['a\u0085b', ['a', 'b']],
    ['a\ufeffb', ['a\ufeffb']],
    ['<< EOF', ['<< EOF']],
    ['cat <<EOF > x', ['cat', '<<EOF', '>', 'x']],
    ['$NL', ['first', 'second']],
    // BuildKit drops the text before a substitution with a modifier, and returns only `b` here.
    ['a${NONE:-b}', ['ab']],
    ['8${NONE:-0}/tcp 9$1', ['80/tcp', '9one']],
  ];
  it(`split as a shell splits them (${cases.length})`, () => {
    for (const [text, words] of cases) assert.deepEqual(expandWords(text, env), words, text);
  });
});

describe('limits of expansion', () => {
  const doubled = (count: number): Map<string, string> => {
    const variables = new Map([['A', 'x'.repeat(64)]]);
    for (let index = 0; index < count; index++) variables.set('A', expandWord('$A$A', variables).text);
    return variables;
  };

  it('stops variables that double themselves', () => {
    assert.equal(doubled(10).get('A')?.length, 65536);
    assert.throws(() => doubled(40), { code: 'ERR_DOCKERFILE_EXPANSION', message: /variables add more than/ });
  });

  it('stops replacements that grow', () => {
    const variables = new Map([
      ['A', 'a'.repeat(100_000)],
      ['R', 'r'.repeat(100_000)],
    ]);
    assert.throws(() => expandWord('${A//a/$R}', variables), { message: /the result is too long/ });
  });

  it('allows 200 nested substitutions', () => {
    const nested = (depth: number): string => `${'${N:-'.repeat(depth)}x${'}'.repeat(depth)}`;
    assert.equal(expandWord(nested(200), env).text, 'x');
    assert.throws(() => expandWord(nested(201), env), { message: /nested too deep/ });
    assert.throws(() => expandWord(nested(100_000), env), { message: /nested too deep/ });
  });

  it('matches patterns that would blow up a backtracking matcher', () => {
    const variables = new Map([['A', 'a'.repeat(100_000)]]);
    const pattern = '*a'.repeat(25);
    assert.equal(expandWord(`\${A#${pattern}b}`, variables).text.length, 100_000);
    assert.equal(expandWord(`\${A%%${pattern}b}`, variables).text.length, 100_000);
    assert.equal(expandWord(`\${A//${pattern}b/x}`, variables).text.length, 100_000);
    assert.throws(() => expandWord(`\${A#${'*a'.repeat(5000)}}`, variables), { message: /too long/ });
  });
});
