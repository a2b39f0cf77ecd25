import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dumpTree } from '../../../src/dockerfile/dump.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { concatBytes, utf8 } from '../../../src/lib/bytes.ts';

const parse = (text: string): ReturnType<typeof parseDockerfile> => parseDockerfile(utf8(text));

/** Joins the lines of a Dockerfile or of its dump. */
const lines = (...text: string[]): string => text.join('\n');

describe('Dockerfile to tree', () => {
  const cases: readonly (readonly [dockerfile: string, dump: string])[] = [
    ['FROM a', '(from "a")'],
    ['FROM a\n', '(from "a")'],
    ['  FROM\ta   b ', '(from "a" "b")'],
    ['from a', '(from "a")'],
    ['FROM a\r\nRUN b\r\n', lines('(from "a")', '(run "b")')],
    ['\n\n# c\n\nFROM a', '(from "a")'],
    ['FROM', '(from)'],
    ['FOO a b', '(foo "")'],
    ['RUN a \\\n b', '(run "a  b")'],
    ['RUN a\\\nb', '(run "ab")'],
    ['RUN a \\  \t\nb', '(run "a b")'],
    ['RUN a \\\\\nRUN b', lines('(run "a \\\\\\\\")', '(run "b")')],
    // Three backslashes are an escaped and a single one, but docker looks back only one character.
    ['RUN a \\\\\\\nRUN b', lines('(run "a \\\\\\\\\\\\")', '(run "b")')],
    ['RUN a \\\n# c\nb', '(run "a b")'],
    ['RUN a \\\n  # c \\\nb', '(run "a b")'],
    ['RUN a \\\n\n \n b', '(run "a  b")'],
    ['RUN a \\', '(run "a")'],
    ['RUN a # b', '(run "a # b")'],
    ['\\\nRUN a', '(run "a")'],
    ['RUN a \\\nFROM b', '(run "a FROM b")'],
    ['RUN ["a", "b"]', '(run "a" "b")'],
    ['RUN  [ "a" ,\t"b" ] ', '(run "a" "b")'],
    ['RUN []', '(run)'],
    ['RUN [a]', '(run "[a]")'],
    ["RUN ['a']", '(run "[\'a\']")'],
    ['RUN ["a"', '(run "[\\"a\\"")'],
    ['RUN ["a",]', '(run "[\\"a\\",]")'],
    ['RUN ["a"] b', '(run "[\\"a\\"] b")'],
    ['RUN ["\\u0041\\ud800"]', '(run "A\uFFFD")'],
    ['RUN ["a\tb"]', '(run "[\\"a\\tb\\"]")'],
    ['COPY ["a b", "/c"]', '(copy "a b" "/c")'],
    ['COPY [a, /c]', '(copy "[a," "/c]")'],
    ['VOLUME ["/a"]\nVOLUME /a /b', lines('(volume "/a")', '(volume "/a" "/b")')],
    ['USER ["a"]', '(user "[\\"a\\"]")'],
    ['ENV a=b c="d e" f=\'g h\'', '(env "a" "b" "=" "c" "\\"d e\\"" "=" "f" "\'g h\'" "=")'],
    ['ENV a b  c', '(env "a" "b  c" "")'],
    ['ENV a b=c', '(env "a" "b=c" "")'],
    ['ENV a=', '(env "a" "" "=")'],
    ['ENV =a', '(env "" "a" "=")'],
    ['ENV a=b\\ c d=e', '(env "a" "b\\\\ c" "=" "d" "e" "=")'],
    [`ENV a="\\"" b=\\"c`, `(env "a" "\\"\\\\\\"\\"" "=" "b" "\\\\\\"c" "=")`],
    ['ENV', '(env)'],
    ['LABEL a.b="c" d=e=f', '(label "a.b" "\\"c\\"" "=" "d" "e=f" "=")'],
    ['ARG a b=c d="e f"', '(arg "a" "b=c" "d=\\"e f\\"")'],
    ['ARG a\\', '(arg "a")'],
    ['EXPOSE 80  81/tcp\t82', '(expose "80" "81/tcp" "82")'],
    ['MAINTAINER a <b@c> ', '(maintainer "a <b@c>")'],
    ['ONBUILD RUN a b', '(onbuild (run "a b"))'],
    ['ONBUILD COPY --from=a ["b", "c"]', '(onbuild (copy ["--from=a"] "b" "c"))'],
    ['ONBUILD', '(onbuild)'],
    ['HEALTHCHECK --interval=5s CMD ["a", "b"]', '(healthcheck ["--interval=5s"] "CMD" "a" "b")'],
    ['HEALTHCHECK cmd a b', '(healthcheck "cmd" "a b")'],
    [
      'RUN --mount=type=cache,target=/a --network=none b',
      '(run ["--mount=type=cache,target=/a" "--network=none"] "b")',
    ],
    ['COPY --chown="a b" --x=\'y z\' c d', '(copy ["--chown=a b" "--x=y z"] "c" "d")'],
    ['COPY --a\\ b c d', '(copy ["--a b"] "c" "d")'],
    ['COPY -- --a b', '(copy "--a" "b")'],
    ['COPY -a b', '(copy "-a" "b")'],
    // BuildKit reads flags byte by byte and returns `--from=Ã¤`.
    ['COPY --from=ä b c', '(copy ["--from=ä"] "b" "c")'],
    ['CMD --a', '(cmd ["--a"])'],
    ['RUN <<A\nx\nA', '(run "<<A")'],
    ['RUN <<A cat\n# x\n\\\nA\nRUN b', lines('(run "<<A cat")', '(run "b")')],
    ['RUN a\u00a0', '(run "a")'],
    ['RUN \u0085a', '(run "a")'],
    ['RUN \ufeffa', '(run "\\ufeffa")'],
    ['RUN a\vb', '(run "a\\vb")'],
    ['RUN\va', '(run "a")'],
    ['\ufeffFROM a', '(from "a")'],
    ['# escape=`\nRUN a `\nb', '(run "a b")'],
    ['# escape=`\nRUN a \\\nRUN b', lines('(run "a \\\\")', '(run "b")')],
    ['# escape=`\nENV a=b` c d=\\', '(env "a" "b` c" "=" "d" "\\\\" "=")'],
    ['RUN a\x00\x07\x1b', '(run "a\\x00\\a\\x1b")'],
  ];

  it(`gives the words of every instruction (${cases.length})`, () => {
    for (const [dockerfile, dump] of cases) assert.equal(dumpTree(parse(dockerfile)), `${dump}\n`, dockerfile);
  });
});

describe('positions in the tree', () => {
  it('lines, with comments and continuations counted', () => {
    const text = '# a\n\nFROM a\nRUN b \\\n  # c\n\n  d\nCOPY <<X <<-Y /\n1\nX\n\t2\n\tY\n\nCMD e\n';
    const ranges = parse(text).nodes.map(({ location }) => [location.start, location.end]);
    assert.deepEqual(ranges, [
      [3, 3],
      [4, 7],
      [8, 12],
      [14, 14],
    ]);
    assert.deepEqual(parse(text).location, { start: 3, end: 14 });
  });

  it('the line as written', () => {
    const [node] = parse('  RUN   a \\\n   b  ').nodes;
    assert.equal(node?.original, 'RUN   a    b  ');
    assert.equal(node?.name, 'RUN');
  });

  it('comments directly above', () => {
    const text =
      '# syntax=x\n# one\n# two\nFROM a\n#\n# three\n#\n# four\n\n  # five\nRUN b\nRUN c \\\n# inside\nd\nRUN e';
    const comments = parse(text).nodes.map((node) => node.comments);
    assert.deepEqual(comments, [['one', 'two'], ['four', 'five'], [], []]);
  });

  it('heredocs with everything about them', () => {
    const [run] = parse('RUN 3<<A <<-\'B C\' cat <<"D"e\r\n$x\r\nA\r\n\t1\r\n\tB C\r\nDe\nDe').nodes;
    assert.deepEqual(run?.heredocs, [
      { name: 'A', descriptor: 3, expand: true, chomp: false, content: '$x\r\n' },
      { name: 'B C', descriptor: 0, expand: false, chomp: true, content: '\t1\r\n' },
      { name: 'De', descriptor: 0, expand: false, chomp: false, content: '' },
    ]);
  });

  it('heredocs only where they belong', () => {
    const none = (text: string): void => {
      for (const node of parse(text).nodes) assert.deepEqual(node.heredocs, [], text);
    };
    none('CMD <<A\nA');
    none('RUN ["<<A"]\nRUN "<<A"');
    none(`RUN it's <<A\nA`);
    none('RUN a <<<b');
    none('RUN echo $((1<<2))');
    assert.equal(parse('ONBUILD RUN <<A\nA').nodes[0]?.heredocs.length, 1);
    assert.equal(parse('ONBUILD CMD <<A\nRUN b').nodes.length, 2);
    assert.equal(parse('ADD a <<A /b\nA').nodes[0]?.heredocs.length, 1);
    assert.equal(parse('RUN echo ${x:=y} <<A\nA').nodes.length, 1);
  });

  it('warnings of empty continuation lines', () => {
    const { warnings } = parse('FROM a\nRUN b \\\n\n  c\nRUN d \\\n# e\n  f\n');
    assert.deepEqual(warnings, [
      {
        rule: 'NoEmptyContinuation',
        message: 'Empty continuation line found in: RUN b   c',
        location: { start: 2, end: 4 },
      },
    ]);
  });

  it('warnings of what was meant as JSON', () => {
    const { warnings } = parse('FROM a\nCMD ["sh", \\\n  "-c", echo]\nVOLUME [/data]\nONBUILD COPY [\'a\', \'b\'] /c');
    const rule = 'InvalidJSONForm';
    assert.deepEqual(warnings, [
      {
        rule,
        message: 'Not valid JSON, so taken as a shell command: CMD ["sh",   "-c", echo]',
        location: { start: 2, end: 3 },
      },
      { rule, message: 'Not valid JSON, so taken as words: VOLUME [/data]', location: { start: 4, end: 4 } },
      { rule, message: "Not valid JSON, so taken as words: COPY ['a', 'b'] /c", location: { start: 5, end: 5 } },
    ]);
    const isWarnedOf = (line: string): boolean => parse(line).warnings.length > 0;
    for (const line of [
      "CMD ['sh', '-c', 'echo']",
      'ENTRYPOINT ["/app",]',
      'ENTRYPOINT ["/app"',
      'ENTRYPOINT ["/app" "-v"]',
      'ENTRYPOINT [ "/app" "-v" ]',
      'ENTRYPOINT [/app]',
      'CMD [/app, -v]',
      'CMD [ /app, -v ]',
      'CMD [“/app”, “-v”]',
      'CMD ["C:\\windows\\x"]',
      'CMD ["a"] # comment',
      'RUN ["echo", a]',
      'RUN --network=none [ "echo" , a ]',
      'HEALTHCHECK CMD ["curl", localhost]',
      'COPY ["a b", c d] /x',
      'ADD [ "a", b ]',
      'VOLUME ["/a", /b]',
    ]) {
      assert.ok(isWarnedOf(line), line);
    }
    for (const line of [
      'CMD ["sh", "-c", "echo"]',
      'CMD []',
      'RUN [ -f /x ] && y',
      'RUN [ "$a" = "b" ]',
      'RUN [ "$a" ] || exit',
      'RUN [ "${a}"x = \'bx\' ]',
      'RUN [ ! -e /x ]',
      'RUN [[ "$a" = b ]]',
      "RUN [ 'a' ]",
      'HEALTHCHECK CMD [ -e /ready ]',
      'COPY [ab].txt /c/',
      'COPY [a,b].txt /c/',
      'ADD [!a]* /c/',
      'ENV a=["b",c]',
      'LABEL a ["b", c]',
      'RUN echo ["a", b]',
    ]) {
      assert.ok(!isWarnedOf(line), line);
    }
  });
});

describe('directives', () => {
  const found = (text: string): string[] =>
    parse(`${text}\nFROM a`).directives.map(({ name, value, line }) => `${line} ${name}=${value}`);
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['# syntax=docker/dockerfile:1', ['1 syntax=docker/dockerfile:1']],
    ['#syntax=a', ['1 syntax=a']],
    ['  #  SynTax \t=\t a b  ', ['1 syntax=a b']],
    [
      '# syntax=a\n# escape=`\n# check=skip=all;error=true',
      ['1 syntax=a', '2 escape=`', '3 check=skip=all;error=true'],
    ],
    ['# check=skip=all\n# escape=\\', ['1 check=skip=all', '2 escape=\\']],
    ['\ufeff# syntax=a', ['1 syntax=a']],
    ['# syntax=a\r', ['1 syntax=a']],
    ['# a comment\n# escape=`', []],
    ['\n# escape=`', []],
    ['# unknown=a\n# escape=`', []],
    ['# syntax=\n# escape=`', []],
    ['# syntax\n# escape=`', []],
    ['#\n# escape=`', []],
    ['ARG x\n# escape=`', []],
    ['\\\n# escape=`', []],
    ['#!/usr/bin/env x\n# syntax=a\n# check=b', ['2 syntax=a', '3 check=b']],
    ['#!/x\n# escape=`', []],
    ['// syntax=a', ['none']],
  ];

  it(`are the comments before everything else (${cases.length})`, () => {
    for (const [text, expected] of cases) {
      if (text.startsWith('//')) assert.equal(parse(text).nodes[0]?.name, '//');
      else assert.deepEqual(found(text), expected, text);
    }
  });

  it('decide which character escapes', () => {
    assert.equal(parse('FROM a').escape, '\\');
    assert.equal(parse('# escape=`\nFROM a').escape, '`');
    assert.equal(parse('#!x\n# escape=`\nFROM a').escape, '\\');
  });
});

describe('a Dockerfile is refused', () => {
  const cases: readonly (readonly [dockerfile: string, line: number, message: string])[] = [
    ['', 1, 'file with no instructions'],
    ['\n# a\n\n', 3, 'file with no instructions'],
    ['FROM a\nENV b', 2, 'ENV must have two arguments'],
    ['FROM a\nLABEL b', 2, 'LABEL must have two arguments'],
    ['FROM a\n\nENV b=c d \\\n e', 3, `Syntax error - can't find = in "d". Must be of the form: name=value`],
    ['RUN ["a", 1]', 1, 'when using JSON array syntax, arrays must be comprised of strings only'],
    ['COPY ["a", null]', 1, 'when using JSON array syntax, arrays must be comprised of strings only'],
    ['HEALTHCHECK CMD [{}]', 1, 'when using JSON array syntax, arrays must be comprised of strings only'],
    ['ONBUILD RUN [true]', 1, 'when using JSON array syntax, arrays must be comprised of strings only'],
    ['FROM a\nRUN <<A\nb\n A', 2, 'unterminated heredoc'],
    ['RUN <<A <<B\nA', 1, 'unterminated heredoc'],
    ['# escape=x\nFROM a', 1, "invalid escape token 'x' does not match ` or \\"],
    ['# escape=``\nFROM a', 1, "invalid escape token '``' does not match ` or \\"],
    ['# escape= \nFROM a', 1, "invalid escape token ' ' does not match ` or \\"],
    ['# escape=`\n# escape=`\nFROM a', 2, 'only one escape parser directive can be used'],
    ['# syntax=a\n# Syntax=b\nFROM a', 2, 'only one syntax parser directive can be used'],
    [`FROM a\nRUN ${'x'.repeat(65532)}`, 2, 'dockerfile line greater than max allowed size of 65535'],
    [`FROM a\nRUN ${'é'.repeat(32766)}`, 2, 'dockerfile line greater than max allowed size of 65535'],
    ['FROM a\n'.repeat(65537), 65537, 'more than 65536 instructions'],
    [`${'ONBUILD '.repeat(8000)}RUN a`, 1, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
  ];

  it(`with the line and docker's words (${cases.length})`, () => {
    for (const [dockerfile, line, message] of cases) {
      assert.throws(
        () => parse(dockerfile),
        (error) => {
          assert.ok(isStrataError(error, 'ERR_DOCKERFILE_SYNTAX'), dockerfile.slice(0, 80));
          assert.equal(error.kind, 'invalid-argument');
          assert.equal(error.message, `dockerfile parse error on line ${line}: ${message}`);
          assert.equal(error.details?.['line'], line);
          return true;
        },
      );
    }
  });

  it('when it is too large or not UTF-8 where it counts', () => {
    assert.throws(() => parseDockerfile(new Uint8Array((4 << 20) + 1)), { code: 'ERR_DOCKERFILE_TOO_LARGE' });
    for (const mark of [Uint8Array.of(0xff, 0xfe), Uint8Array.of(0xfe, 0xff)]) {
      const bytes = concatBytes([mark, Uint8Array.from([0x46, 0, 0x52, 0])]);
      assert.throws(() => parseDockerfile(bytes), { code: 'ERR_DOCKERFILE_ENCODING', details: { line: 1 } });
    }
    const binary = concatBytes([utf8('COPY <<A /a\n'), Uint8Array.of(0xff, 0x0a), utf8('A\n')]);
    assert.throws(() => parseDockerfile(binary), { code: 'ERR_DOCKERFILE_ENCODING', details: { line: 2 } });
  });

  it('but not for its longest allowed line or a damaged comment', () => {
    assert.equal(parse(`RUN ${'x'.repeat(65531)}\nRUN y`).nodes.length, 2);
    assert.equal(parse(`RUN ${'é'.repeat(32765)}`).nodes.length, 1);
    const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
    const tree = parseDockerfile(latin1('# caf\xe9\nFROM a\nLABEL b=caf\xe9'));
    assert.equal(tree.nodes[1]?.args[1], 'caf\uFFFD');
    assert.deepEqual(
      tree.warnings.map(({ rule, location }) => [rule, location.start]),
      [['InvalidEncoding', 3]],
    );
  });
});
