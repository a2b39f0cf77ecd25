import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseInstructions, parseTrigger } from '../../../src/dockerfile/instructions/parse-instructions.ts';
import { runCommand } from '../../../src/dockerfile/instructions/run.ts';
import type { RunInstruction } from '../../../src/dockerfile/instructions/types.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { utf8 } from '../../../src/lib/bytes.ts';

const parse = (text: string): ReturnType<typeof parseInstructions> => parseInstructions(parseDockerfile(utf8(text)));
const origin = ['source', 'written', 'location', 'comments'];

/** Returns the only instruction of a Dockerfile, without its position. */
function only(text: string): Record<string, unknown> {
  const [instruction] = parse(`FROM a\n${text}`).stages[0]?.instructions ?? [];
  return Object.fromEntries(Object.entries(instruction ?? {}).filter(([name]) => !origin.includes(name)));
}

const second = 1_000_000_000;
const copying = { inlineFiles: [], chown: '', chmod: '', link: false, exclude: [] };
const run = {
  kind: 'RUN',
  shellForm: true,
  heredocs: [],
  devices: [],
  mounts: [],
  network: 'default',
  security: 'sandbox',
  flagsUsed: [],
};
const check = { kind: 'HEALTHCHECK', interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };

describe('instructions', () => {
  const cases: readonly (readonly [text: string, expected: Record<string, unknown>])[] = [
    [
      'ENV a=b "c d"=e',
      {
        kind: 'ENV',
        variables: [
          { key: 'a', value: 'b', legacy: false },
          { key: '"c d"', value: 'e', legacy: false },
        ],
      },
    ],
    ['env a b c', { kind: 'ENV', variables: [{ key: 'a', value: 'b c', legacy: true }] }],
    ['LABEL a="b c"', { kind: 'LABEL', labels: [{ key: 'a', value: '"b c"', legacy: false }] }],
    ['LABEL a b', { kind: 'LABEL', labels: [{ key: 'a', value: 'b', legacy: true }] }],
    ['MAINTAINER a <b>', { kind: 'MAINTAINER', maintainer: 'a <b>' }],
    [
      'ARG a b= c=d=e',
      {
        kind: 'ARG',
        definitions: [
          { key: 'a', value: undefined, description: '' },
          { key: 'b', value: '', description: '' },
          { key: 'c', value: 'd=e', description: '' },
        ],
      },
    ],
    [
      '# a is the first\n# b the second\nARG a b c',
      {
        kind: 'ARG',
        definitions: [
          { key: 'a', value: undefined, description: 'is the first' },
          { key: 'b', value: undefined, description: 'the second' },
          { key: 'c', value: undefined, description: '' },
        ],
      },
    ],
    // Docker, too, ignores flags of these instructions.
    ['ARG --x a', { kind: 'ARG', definitions: [{ key: 'a', value: undefined, description: '' }] }],
    ['STOPSIGNAL --x 9', { kind: 'STOPSIGNAL', signal: '9' }],
    ['STOPSIGNAL $SIG', { kind: 'STOPSIGNAL', signal: '$SIG' }],
    ['USER a:b', { kind: 'USER', user: 'a:b' }],
    ['USER a b', { kind: 'USER', user: 'a b' }],
    ['WORKDIR /a b', { kind: 'WORKDIR', path: '/a b' }],
    ['EXPOSE 82/udp 80 $P', { kind: 'EXPOSE', ports: ['$P', '80', '82/udp'] }],
    ['VOLUME /a /b', { kind: 'VOLUME', volumes: ['/a', '/b'] }],
    ['VOLUME [" /a ", "/b c"]', { kind: 'VOLUME', volumes: ['/a', '/b c'] }],
    ['SHELL ["/bin/sh", "-c"]', { kind: 'SHELL', shell: ['/bin/sh', '-c'] }],
    ['CMD a  b', { kind: 'CMD', args: ['a  b'], shellForm: true }],
    ['CMD ["a", "b"]', { kind: 'CMD', args: ['a', 'b'], shellForm: false }],
    ['CMD []', { kind: 'CMD', args: [], shellForm: false }],
    ['CMD', { kind: 'CMD', args: [], shellForm: true }],
    ['ENTRYPOINT ["a"]', { kind: 'ENTRYPOINT', args: ['a'], shellForm: false }],
    ['ENTRYPOINT []', { kind: 'ENTRYPOINT', args: [], shellForm: false }],
    ['ENTRYPOINT exec a', { kind: 'ENTRYPOINT', args: ['exec a'], shellForm: true }],
    ['ONBUILD RUN a  b', { kind: 'ONBUILD', trigger: 'RUN a  b' }],
    ['onbuild\tcopy --from=a b c', { kind: 'ONBUILD', trigger: 'copy --from=a b c' }],
    ['ONBUILD FOO', { kind: 'ONBUILD', trigger: 'FOO' }],
    ['ONBUILD RUN <<A <<B\n1\nA\n2\nB', { kind: 'ONBUILD', trigger: 'RUN <<A <<B\n1\nA\n2\nB' }],
    ['COPY a b /c/', { kind: 'COPY', ...copying, sources: ['a', 'b'], destination: '/c/', from: '', parents: false }],
    [
      'COPY --from=x --chown=1:2 --chmod=u+x --link --parents --exclude=*.o --exclude=b a /',
      {
        kind: 'COPY',
        ...copying,
        sources: ['a'],
        destination: '/',
        from: 'x',
        chown: '1:2',
        chmod: 'u+x',
        link: true,
        parents: true,
        exclude: ['*.o', 'b'],
      },
    ],
    [
      'COPY --link=FALSE --parents=True ["a b", "c"]',
      { kind: 'COPY', ...copying, sources: ['a b'], destination: 'c', from: '', parents: true },
    ],
    [
      'COPY <<"A" <<-B c /d\n\t$x\nA\n\t$y\nB',
      {
        kind: 'COPY',
        ...copying,
        sources: ['c'],
        destination: '/d',
        from: '',
        parents: false,
        inlineFiles: [
          { name: 'A', content: '\t$x\n', expand: false },
          { name: 'B', content: '$y\n', expand: true },
        ],
      },
    ],
    [
      'ADD a /',
      {
        kind: 'ADD',
        ...copying,
        sources: ['a'],
        destination: '/',
        checksum: '',
        keepGitDir: undefined,
        unpack: undefined,
      },
    ],
    [
      'ADD --keep-git-dir --unpack=false --checksum=sha256:1 --link https://a/b.git#c /',
      {
        kind: 'ADD',
        ...copying,
        link: true,
        sources: ['https://a/b.git#c'],
        destination: '/',
        checksum: 'sha256:1',
        keepGitDir: true,
        unpack: false,
      },
    ],
    ['RUN a && b', { ...run, args: ['a && b'] }],
    ['RUN ["a", "b"]', { ...run, args: ['a', 'b'], shellForm: false }],
    ['RUN', { ...run, args: [] }],
    [
      'RUN --network=none --security=insecure a',
      { ...run, args: ['a'], network: 'none', security: 'insecure', flagsUsed: ['network', 'security'] },
    ],
    [
      'RUN --mount=type=bind,from=b,target=/c --mount="type=cache,target=$D" a',
      {
        ...run,
        args: ['a'],
        mounts: [
          { text: 'type=bind,from=b,target=/c', from: 'b' },
          { text: 'type=cache,target=$D', from: '' },
        ],
        flagsUsed: ['mount'],
      },
    ],
    [
      'RUN --device=v/c=x,required --device=name=y a',
      {
        ...run,
        args: ['a'],
        devices: [
          { name: 'v/c=x', required: true },
          { name: 'y', required: false },
        ],
        flagsUsed: ['device'],
      },
    ],
    ['RUN <<-A\n\tb\nA', { ...run, args: ['<<-A'], heredocs: [{ name: 'A', content: '\tb\n', chomp: true }] }],
    ['HEALTHCHECK NONE', { ...check, test: ['NONE'] }],
    // Docker, too, ignores the flags of NONE.
    ['HEALTHCHECK --x none', { ...check, test: ['NONE'] }],
    ['HEALTHCHECK CMD a  b', { ...check, test: ['CMD-SHELL', 'a  b'] }],
    ['HEALTHCHECK cmd ["a", "b"]', { ...check, test: ['CMD', 'a', 'b'] }],
    [
      'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=0 --start-interval=100ms --retries=+3 CMD a',
      {
        ...check,
        test: ['CMD-SHELL', 'a'],
        interval: 90 * second,
        timeout: 1.5 * second,
        startInterval: 0.1 * second,
        retries: 3,
      },
    ],
    ['HEALTHCHECK --interval=2h45m.5s CMD a', { ...check, test: ['CMD-SHELL', 'a'], interval: 9900.5 * second }],
    [
      'HEALTHCHECK --interval=1000µs --timeout=1000000ns CMD a',
      { ...check, test: ['CMD-SHELL', 'a'], interval: 1e6, timeout: 1e6 },
    ],
    ['HEALTHCHECK --interval= --retries=0 CMD a', { ...check, test: ['CMD-SHELL', 'a'] }],
  ];

  it(`get their types (${cases.length})`, () => {
    for (const [text, expected] of cases) assert.deepEqual(only(text), expected, text);
  });

  it('know where they stood', () => {
    const { stages } = parse('# base first\nFROM a AS base\n# why\nrun b \\\n  c\n');
    assert.deepEqual(stages[0]?.from, {
      kind: 'FROM',
      source: 'FROM a AS base',
      written: 'FROM',
      location: { start: 2, end: 2 },
      comments: ['base first'],
      baseName: 'a',
      stageName: 'base',
      platform: '',
      description: 'first',
    });
    const where = stages[0]?.instructions.map(({ source, written, location, comments }) => ({
      source,
      written,
      location,
      comments,
    }));
    assert.deepEqual(where, [
      { source: 'run b   c', written: 'run', location: { start: 4, end: 5 }, comments: ['why'] },
    ]);
  });

  it('form stages, with ARG before the first', () => {
    const { metaArgs, stages } = parse(
      'ARG A=1\narg B\nFROM x as One\nRUN a\nFROM --platform=$P one\nFROM y\nCMD b\nCMD c',
    );
    assert.deepEqual(
      metaArgs.flatMap(({ definitions }) => definitions.map(({ key }) => key)),
      ['A', 'B'],
    );
    assert.deepEqual(
      stages.map(({ from, instructions }) => [from.baseName, from.stageName, from.platform, instructions.length]),
      [
        ['x', 'one', '', 1],
        ['one', '', '$P', 0],
        ['y', '', '', 2],
      ],
    );
  });
});

describe('an instruction is refused', () => {
  const unknown = 'ERR_DOCKERFILE_UNKNOWN_INSTRUCTION';
  const cases: readonly (readonly [text: string, message: string, code?: ErrorCode])[] = [
    ['FOO a', 'unknown instruction: FOO (did you mean FROM?)', unknown],
    ['SOMETHING a', 'unknown instruction: SOMETHING', unknown],
    ['\\', 'unknown instruction: ', unknown],
    ['ſhell ["a"]', 'unknown instruction: ſhell (did you mean shell?)', unknown],
    ['RUNN a', 'unknown instruction: RUNN (did you mean RUN?)', unknown],
    ['cpoy a b', 'unknown instruction: cpoy (did you mean copy?)', unknown],
    ['Workdri /', 'unknown instruction: Workdri (did you mean workdir?)', unknown],
    ['EOF', 'unknown instruction: EOF (did you mean ENV?)', unknown],
    ['MAINTAINER', 'MAINTAINER requires exactly one argument'],
    ['USER', 'USER requires exactly one argument'],
    ['WORKDIR', 'WORKDIR requires exactly one argument'],
    ['STOPSIGNAL', 'STOPSIGNAL requires exactly one argument'],
    ['ARG', 'ARG requires at least one argument'],
    ['ENV', 'ENV requires at least one argument'],
    ['EXPOSE', 'EXPOSE requires at least one argument'],
    ['VOLUME', 'VOLUME requires at least one argument'],
    ['SHELL', 'SHELL requires at least one argument'],
    ['SHELL []', 'SHELL requires at least one argument'],
    ['SHELL bash -c', 'SHELL requires the arguments to be in JSON form'],
    ['VOLUME ["/a", " "]', 'VOLUME specified can not be an empty string'],
    ['ENV =a', 'ENV names can not be blank'],
    ['LABEL a=b =c', 'LABEL names can not be blank'],
    ['ARG a =b', 'ARG names can not be blank'],
    ['COPY a', 'COPY requires at least two arguments, but only one was provided. Destination could not be determined'],
    ['ADD', 'ADD requires at least two arguments, but only one was provided. Destination could not be determined'],
    ['COPY a <<B\nB', 'COPY cannot accept a heredoc as a destination'],
    ['ADD a <<B\nB', 'ADD cannot accept a heredoc as a destination'],
    ['COPY --chwon=a b c', 'unknown flag: --chwon (did you mean chown?)'],
    ['COPY --checksum=a b c', 'unknown flag: --checksum'],
    ['ADD --parents b c', 'unknown flag: --parents'],
    ['ADD --from=a b c', 'unknown flag: --from'],
    ['COPY --from b c', 'missing a value on flag: --from'],
    ['COPY --exclude b c', 'missing a value on flag: --exclude'],
    ['COPY --link= b c', 'missing a value on flag: --link'],
    ['COPY --link=1 b c', 'expecting boolean value for flag --link, not: 1'],
    ['COPY --from=a --from=a b c', 'duplicate flag specified: --from'],
    ['COPY --link --link b c', 'duplicate flag specified: --link'],
    ['COPY --constructor=a b c', 'unknown flag: --constructor'],
    ['CMD --a b', 'unknown flag: --a'],
    ['ENV --a b=c', 'unknown flag: --a'],
    ['EXPOSE --a 80', 'unknown flag: --a'],
    ['RUN --network=all a', 'invalid network mode "all"'],
    ['RUN --network= a', 'invalid network mode ""'],
    ['RUN --security=none a', 'security "none" is not valid'],
    ['RUN --mount a', 'missing a value on flag: --mount'],
    ['RUN --mount= a', 'failed to parse csv mounts: EOF'],
    ['RUN --mount=a\\"b a', 'failed to parse csv mounts: parse error on line 1, column 2: bare " in non-quoted-field'],
    ['RUN --mount=from=$A a', "'from' doesn't support variable expansion, define alias stage instead"],
    ['RUN --device=a,b a', "invalid field 'b' must be a key=value pair"],
    ['RUN --device=a,nam=b a', "unexpected key 'nam' in 'nam=b' (did you mean name?)"],
    ['RUN --device=a,required=x a', 'invalid value for required: x'],
    ['ONBUILD', 'ONBUILD requires at least one argument'],
    ['ONBUILD onbuild RUN a', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['ONBUILD FROM a', "FROM isn't allowed as an ONBUILD trigger"],
    ['ONBUILD maintainer a', "MAINTAINER isn't allowed as an ONBUILD trigger"],
    ['ONBUILD --a RUN b', 'unknown flag: --a'],
    ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
    ['HEALTHCHECK NONE a', 'HEALTHCHECK NONE takes no arguments'],
    ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
    ['HEALTHCHECK CMD []', 'Missing command after HEALTHCHECK CMD'],
    ['HEALTHCHECK curl a', 'Unknown type "CURL" in HEALTHCHECK (try CMD)'],
    ['HEALTHCHECK --interval=50ns CMD a', 'Interval "interval" cannot be less than 1ms'],
    ['HEALTHCHECK --start-period=-1s CMD a', 'Interval "start-period" cannot be less than 1ms'],
    ['HEALTHCHECK --timeout=5 CMD a', 'time: missing unit in duration "5"'],
    ['HEALTHCHECK --timeout=5x CMD a', 'time: unknown unit "x" in duration "5x"'],
    ['HEALTHCHECK --timeout=. CMD a', 'time: invalid duration "."'],
    ['HEALTHCHECK --timeout=s CMD a', 'time: invalid duration "s"'],
    ['HEALTHCHECK --timeout=9223372037s CMD a', 'time: invalid duration "9223372037s"'],
    ['HEALTHCHECK --retries=-1 CMD a', '--retries cannot be negative (-1)'],
    ['HEALTHCHECK --retries=a CMD a', 'strconv.ParseInt: parsing "a": invalid syntax'],
    ['HEALTHCHECK --retries=2147483648 CMD a', 'strconv.ParseInt: parsing "2147483648": value out of range'],
    ['HEALTHCHECK --intreval=5s CMD a', 'unknown flag: --intreval (did you mean interval?)'],
    ['FROM', 'FROM requires either one or three arguments'],
    ['FROM a b', 'FROM requires either one or three arguments'],
    ['FROM a of b', 'FROM requires either one or three arguments'],
    ['FROM a AS', 'FROM requires either one or three arguments'],
    ['FROM a AS 1b', `invalid name for build stage: "1b", name can't start with a number or contain symbols`],
    ['FROM a AS b/c', `invalid name for build stage: "b/c", name can't start with a number or contain symbols`],
    ['FROM --platfrom=a b', 'unknown flag: --platfrom (did you mean platform?)'],
  ];

  it(`with the line and docker's words (${cases.length})`, () => {
    for (const [text, message, code = 'ERR_DOCKERFILE_SYNTAX'] of cases) {
      assert.throws(
        () => parse(`FROM a\n\n${text}`),
        (error) => {
          assert.ok(isStrataError(error, code), text);
          assert.equal(error.message, `dockerfile parse error on line 3: ${message}`, text);
          assert.equal(error.details?.['line'], 3, text);
          return true;
        },
        text,
      );
    }
  });

  it('when no stage is there for it', () => {
    assert.throws(() => parse('ARG a\nRUN b'), {
      message: 'dockerfile parse error on line 2: no build stage in current context',
    });
    assert.throws(() => parse('ARG a'), {
      message: 'dockerfile parse error on line 1: dockerfile contains no stages to build',
    });
  });
});

describe('triggers of a base image', () => {
  const at = { start: 7, end: 7 };

  it('are read as if they stood at FROM', () => {
    const trigger = parseTrigger('COPY --from=a <<B /\n$x\nB', at);
    assert.equal(trigger.kind, 'COPY');
    assert.deepEqual(trigger.location, at);
  });

  it('are one instruction that may be deferred', () => {
    const refused = (text: string, message: RegExp): void => {
      assert.throws(() => parseTrigger(text, at), { message, details: { line: 7, endLine: 7 } }, text);
    };
    refused('RUN a\nRUN b', /line 7: onbuild trigger should be a single expression/);
    refused('FROM a', /line 7: FROM isn't allowed as an ONBUILD trigger/);
    refused('NOPE', /line 7: unknown instruction: NOPE/);
    refused('RUN <<A\nb', /line 7: unterminated heredoc/);
    refused('', /line 7: file with no instructions/);
  });
});

describe('the command of RUN', () => {
  const cases: readonly (readonly [text: string, expected: Record<string, unknown>])[] = [
    ['RUN a b', { form: 'shell', line: 'a b' }],
    ['RUN', { form: 'shell', line: '' }],
    ['RUN ["a", "b"]', { form: 'exec', args: ['a', 'b'] }],
    ['RUN <<A\nb\nc\nA', { form: 'shell', line: 'b\nc\n' }],
    ['RUN <<-A\n\ta\r\tb\n\t\tc\n\tA', { form: 'shell', line: 'a\r\tb\nc\n' }],
    ['RUN <<-A\n\tb\n\t\tc\n\tA', { form: 'shell', line: 'b\nc\n' }],
    ['RUN <<A\n#!/bin/x\nb\nA', { form: 'script', name: 'A', content: '#!/bin/x\nb\n' }],
    ['RUN <<-A\n\t#!/bin/x\nA', { form: 'script', name: 'A', content: '#!/bin/x\n' }],
    ['RUN <<A cat\nb\nA', { form: 'shell', line: '<<A cat\nb\nA' }],
    ['RUN cat <<A <<-B\n1\nA\n\t2\n\tB', { form: 'shell', line: 'cat <<A <<-B\n1\nA\n\t2\nB' }],
  ];

  it(`is a line, words or a script (${cases.length})`, () => {
    for (const [text, expected] of cases) {
      const [instruction] = parse(`FROM a\n${text}`).stages[0]?.instructions ?? [];
      assert.deepEqual(runCommand(instruction as RunInstruction), expected, text);
    }
  });
});
