import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileStep, StagePlan } from '../../../src/builder/frontend/plan-stage.ts';
import { readTarget, type Target, type TargetOptions } from '../../../src/builder/frontend/read-target.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import type { RunConfig } from '../../../src/spec/config.ts';
import { patienceMs } from '../../helpers/until.ts';

interface Given extends Partial<Omit<TargetOptions, 'buildArgs'>> {
  readonly base?: RunConfig;
  readonly args?: Readonly<Record<string, string>>;
}

function read(dockerfile: string, { base: _base, args = {}, ...options }: Given = {}): Target {
  return readTarget(parseDockerfile(Buffer.from(dockerfile)), {
    buildArgs: new Map(Object.entries(args)),
    labels: {},
    target: undefined,
    platform: { os: 'linux', architecture: 'amd64' },
    ...options,
  });
}

/** Plans the target's own stage, on an image with the config `given.base`. */
function plan(dockerfile: string, given: Given = {}): StagePlan {
  const target = read(dockerfile, given);
  return (
    target
      .stagesFor(target.index)
      .at(-1)
      ?.plan(given.base ?? {}) ?? assert.fail()
  );
}

const configOf = (dockerfile: string, given?: Given): RunConfig => plan(dockerfile, given).config;
const historyOf = (dockerfile: string, given?: Given): string[] =>
  plan(dockerfile, given).history.map(({ createdBy }) => createdBy);
const stepsOf = (dockerfile: string, given?: Given): FileStep[] =>
  plan(dockerfile, given).history.flatMap(({ step }) => step ?? []);

test('ENV: later ones see earlier ones, not those beside them; a second value stays in its place', () => {
  assert.deepEqual(configOf('FROM x\nENV a=1 b=$a\nENV b=2$a c=3 a=4').Env, ['a=4', 'b=21', 'c=3']);
  assert.deepEqual(configOf('FROM x\nENV PATH=/x:$PATH', { base: { Env: ['PATH=/bin', 'A=1'] } }).Env, [
    'PATH=/x:/bin',
    'A=1',
  ]);
});

test('ARG: default, override, none; not in the environment of the image', () => {
  const dockerfile = 'FROM x\nARG a=1\nARG b\nLABEL l="$a-$b-${b:-none}"';
  assert.deepEqual(configOf(dockerfile).Labels, { l: '1--none' });
  assert.deepEqual(configOf(dockerfile, { args: { a: '2', b: '3' } }).Labels, { l: '2-3-3' });
  assert.equal(configOf(dockerfile).Env, undefined);
});

test('ARG before FROM counts inside only when it is named there', () => {
  const dockerfile = 'ARG v=1\nFROM x\nLABEL before=$v\nARG v\nLABEL after=$v';
  assert.deepEqual(configOf(dockerfile).Labels, { before: '', after: '1' });
  assert.deepEqual(configOf(dockerfile, { args: { v: '2' } }).Labels, { before: '', after: '2' });
});

test('ARG without a value leaves the variable of the base', () => {
  assert.deepEqual(configOf('FROM x\nARG v\nLABEL l=$v', { base: { Env: ['v=base'] } }).Labels, { l: 'base' });
});

test('ENV wins over ARG of the same name, in either order', () => {
  assert.deepEqual(configOf('FROM x\nARG v=arg\nENV v=env\nLABEL l=$v').Labels, { l: 'env' });
  assert.deepEqual(configOf('FROM x\nENV v=env\nARG v=arg\nLABEL l=$v', { args: { v: 'given' } }).Labels, { l: 'env' });
});

test('predefined args: of the platform, only where they are named', () => {
  const dockerfile = 'FROM x\nLABEL a=$TARGETARCH\nARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM';
  assert.deepEqual(configOf(`${dockerfile}\nLABEL b=$TARGETPLATFORM,$TARGETOS,$TARGETARCH,$TARGETVARIANT`).Labels, {
    a: '',
    b: 'linux/amd64,linux,amd64,',
  });
  const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
  assert.deepEqual(configOf(`${dockerfile}\nLABEL b=$TARGETPLATFORM c=$BUILDPLATFORM`, { platform }).Labels, {
    a: '',
    b: 'linux/arm/v7',
    c: 'linux/arm/v7',
  });
});

test("a new ENTRYPOINT ends the base's CMD, not one of this Dockerfile", () => {
  const base = { Cmd: ['base'], Entrypoint: ['old'] };
  assert.deepEqual(configOf('FROM x', { base }).Cmd, ['base']);
  assert.equal(configOf('FROM x\nENTRYPOINT ["new"]', { base }).Cmd, undefined);
  assert.deepEqual(configOf('FROM x\nENTRYPOINT ["new"]\nCMD ["own"]', { base }).Cmd, ['own']);
  assert.deepEqual(configOf('FROM x\nCMD ["own"]\nENTRYPOINT ["new"]', { base }).Cmd, ['own']);
  assert.deepEqual(configOf('FROM x\nCMD ["own"]', { base }).Entrypoint, ['old']);
});

test('SHELL is what shell forms after it are given to', () => {
  const config = configOf('FROM x\nCMD a "b"\nSHELL ["/bin/bash", "-ec"]\nENTRYPOINT c $d');
  assert.deepEqual(config.Cmd, ['/bin/sh', '-c', 'a "b"']);
  assert.deepEqual(config.Entrypoint, ['/bin/bash', '-ec', 'c $d']);
  assert.deepEqual(config.Shell, ['/bin/bash', '-ec']);
  assert.deepEqual(configOf('FROM x\nCMD a', { base: { Shell: ['/base'] } }).Cmd, ['/base', 'a']);
});

test('WORKDIR: relative to the one before, cleaned, owned by the USER', () => {
  const dockerfile = 'FROM x\nWORKDIR a\nWORKDIR ../b/./c/\nUSER me\nWORKDIR /d//e/..';
  assert.equal(configOf(dockerfile).WorkingDir, '/d');
  assert.deepEqual(stepsOf(dockerfile), [
    { kind: 'workdir', path: '/a', user: '' },
    { kind: 'workdir', path: '/b/c', user: '' },
    { kind: 'workdir', path: '/d', user: 'me' },
  ]);
  assert.equal(configOf('FROM x\nWORKDIR sub', { base: { WorkingDir: '/base' } }).WorkingDir, '/base/sub');
  assert.equal(configOf('FROM x\nWORKDIR ../../..').WorkingDir, '/');
  assert.equal(configOf('FROM x\nENV d=/from-env\nWORKDIR $d/x').WorkingDir, '/from-env/x');
});

test('WORKDIR / makes no layer', () => {
  assert.deepEqual(stepsOf('FROM x\nWORKDIR /\nWORKDIR /a/..'), []);
});

test('COPY: destinations are absolute, and end in a slash when they mean a directory', () => {
  const of = (destination: string, workdir = '/w'): string[] =>
    stepsOf(`FROM x\nWORKDIR ${workdir}\nCOPY a ${destination}`).flatMap((step) =>
      step.kind === 'copy' ? [step.destination] : [],
    );
  for (const [written, expected] of [
    ['/x', '/x'],
    ['/x/', '/x/'],
    ['x', '/w/x'],
    ['x/', '/w/x/'],
    ['.', '/w/'],
    ['./', '/w/'],
    ['..', '/'],
    ['../x/..', '/'],
    ['../y/.', '/y/'],
    ['/', '/'],
    ['/x/../../y', '/y'],
    ['//x//y//', '/x/y/'],
    ['x/.', '/w/x/'],
  ] as const) {
    assert.deepEqual(of(written), [expected], written);
  }
  assert.deepEqual(of('.', '/'), ['/']);
});

test('LABEL: later values win, those given to the build over all', () => {
  assert.deepEqual(configOf('FROM x\nLABEL a=1 b=2\nLABEL a=3', { base: { Labels: { c: '4', b: '0' } } }).Labels, {
    c: '4',
    b: '2',
    a: '3',
  });
  assert.deepEqual(configOf('FROM x\nLABEL a=1', { labels: { a: 'given', z: '' } }).Labels, { a: 'given', z: '' });
});

test('EXPOSE and VOLUME add to those of the base', () => {
  const base = { ExposedPorts: { '80/tcp': {} }, Volumes: { '/old': {} } };
  const config = configOf('FROM x\nENV p=53/udp\nEXPOSE $p 8000-8001 80\nVOLUME ["/new", "/a b"]', { base });
  assert.deepEqual(Object.keys(config.ExposedPorts ?? {}), ['80/tcp', '53/udp', '8000/tcp', '8001/tcp']);
  assert.deepEqual(Object.keys(config.Volumes ?? {}), ['/old', '/new', '/a b']);
});

test('HEALTHCHECK, STOPSIGNAL, USER, MAINTAINER', () => {
  const config = configOf('FROM x\nHEALTHCHECK --interval=5s --retries=3 CMD true\nSTOPSIGNAL SIGRTMIN+3\nUSER a:b');
  assert.deepEqual(config.Healthcheck, { Test: ['CMD-SHELL', 'true'], Interval: 5e9, Retries: 3 });
  assert.equal(config.StopSignal, 'SIGRTMIN+3');
  assert.equal(config.User, 'a:b');
  assert.deepEqual(configOf('FROM x\nHEALTHCHECK NONE').Healthcheck, { Test: ['NONE'] });
  assert.equal(plan('FROM x\nMAINTAINER me').author, 'me');
});

test("ONBUILD: the base's triggers are carried out first and spent, own ones are kept for the next", () => {
  const base = { OnBuild: ['LABEL from=trigger', 'COPY . /app/', 'ENV e=$v'], Env: ['v=1'] };
  const { config, history } = plan('FROM x\nONBUILD LABEL next=1\nLABEL from=own', { base });
  assert.deepEqual(config.OnBuild, ['LABEL next=1']);
  assert.deepEqual(config.Labels, { from: 'own' });
  assert.deepEqual(config.Env, ['v=1', 'e=1']);
  assert.deepEqual(
    history.map(({ createdBy, step }) => [createdBy, step?.kind]),
    [
      ['LABEL from=trigger', undefined],
      ['COPY . /app/', 'copy'],
      ['ENV e=1', undefined],
      ['LABEL from=own', undefined],
    ],
  );
});

test("a hostile base's triggers are refused like anything else", () => {
  for (const trigger of [
    'RUN --mount=type=cache,target=/x true',
    'COPY --from=0 / /',
    'COPY --from=9 / /',
    'FROM scratch',
    'NONSENSE',
    '',
  ]) {
    assert.throws(() => plan('FROM x', { base: { OnBuild: [trigger] } }), isStrataError, trigger);
  }
});

test('history names the instructions, with variables replaced', () => {
  const dockerfile = String.raw`FROM x
ARG version=1
ARG unset
ENV a=$version b="x y"
LABEL l="$a"
WORKDIR /w
COPY --chown=1:2 --chmod=755 ["f$a", "g h", "./"]
COPY --chown=1 --exclude=x --parents a/b /c/
COPY <<EOF /etc/motd
hello
EOF
ADD --chown=1 <<ONE f <<-"TWO" /two/
1
ONE
2
TWO
EXPOSE 80 443/tcp 53/UDP 8000-8001
VOLUME ["/data"]
USER $a
SHELL ["/bin/bash", "-c"]
ENTRYPOINT ["/entry"]
CMD run "it"
HEALTHCHECK CMD ["true"]
STOPSIGNAL 9
MAINTAINER somebody
ONBUILD ENV z=$a`;
  assert.deepEqual(historyOf(dockerfile, { args: { version: '2' } }), [
    'ARG version=1',
    'ARG unset',
    'ENV a=2 b=x y',
    'LABEL l=2',
    'WORKDIR /w',
    'COPY --chown=1:2 --chmod=755 f2 g h ./',
    'COPY --parents --chown=1 --exclude=x a/b /c/',
    'COPY <<EOF /etc/motd',
    'ADD --chown=1 f <<ONE <<TWO /two/',
    'EXPOSE map[443/tcp:{} 53/udp:{} 80/tcp:{} 8000/tcp:{} 8001/tcp:{}]',
    'VOLUME [/data]',
    'USER 2',
    'SHELL [/bin/bash -c]',
    'ENTRYPOINT ["/entry"]',
    'CMD ["/bin/bash" "-c" "run \\"it\\""]',
    'HEALTHCHECK ["CMD" "true"]',
    'STOPSIGNAL 9',
    'MAINTAINER somebody',
  ]);
});

test('history of RUN names the ARGs in scope, each once, also those without a value', () => {
  const dockerfile = 'FROM x\nARG version=1\nARG unset\nARG version\nENV version=3\nRUN make\nARG late\nRUN ["true"]';
  assert.deepEqual(
    historyOf(dockerfile, { args: { version: '2' } }).filter((line) => line.startsWith('RUN')),
    ['RUN |2 version=3 unset= /bin/sh -c make', 'RUN |3 version=3 unset= late= true'],
  );
});

test('build arguments without an ARG are reported', () => {
  const unused = (dockerfile: string, names: string, base: RunConfig = {}): readonly string[] => {
    const args = Object.fromEntries(names.split(' ').map((name) => [name, 'x']));
    return read(dockerfile, { args }).unusedArgs([plan(dockerfile, { args, base })]);
  };
  assert.deepEqual(unused('FROM x', 'b a'), ['a', 'b']);
  assert.deepEqual(unused('ARG a\nFROM x\nARG b c=1', 'a b c d A'), ['A', 'd']);
  assert.deepEqual(unused('FROM y AS one\nARG a\nFROM x', 'a'), [], 'another stage takes it');
  assert.deepEqual(unused('FROM x', 'a b', { OnBuild: ['ARG a'] }), ['b']);
  const target = read('FROM x', { args: { SOURCE_DATE_EPOCH: '5', http_proxy: '', NO_PROXY: '' } });
  assert.equal(target.sourceDateEpoch, 5);
  assert.deepEqual(target.unusedArgs([]), []);
});

test('CMD sets ArgsEscaped, ENTRYPOINT does not', () => {
  assert.equal(configOf('FROM x\nCMD ["a"]').ArgsEscaped, true);
  assert.equal(configOf('FROM x\nCMD a').ArgsEscaped, true);
  assert.equal(configOf('FROM x\nENTRYPOINT a').ArgsEscaped, undefined);
});

test('unsupported instructions are refused before the build, with their line', () => {
  for (const [line, what] of [
    ['RUN --mount=type=cache,target=/x true', 'RUN --mount'],
    ['RUN --security=insecure true', 'RUN --security'],
    ['RUN --device=vendor.com/class=name true', 'RUN --device'],
    ['ADD https://example.com/a /', 'ADD https://example.com/a'],
    ['COPY --parents --exclude=!a a/b /', 'COPY --parents --exclude=!a'],
  ] as const) {
    const dockerfile = `# syntax=docker/dockerfile:1-labs\nFROM x\nLABEL a=b\n${line}`;
    assert.throws(
      () => plan(dockerfile),
      (error) =>
        isStrataError(error, 'ERR_NOT_SUPPORTED_YET') && error.message.includes(`line 4: ${what}: not supported`),
      line,
    );
  }
  assert.throws(() => plan('FROM --platform=linux/arm64 a'), { code: 'ERR_NOT_SUPPORTED_YET' });
  const needed = 'FROM --platform=linux/arm64 a AS a\nFROM b\nCOPY --from=a a /';
  assert.throws(() => plan(needed), { code: 'ERR_NOT_SUPPORTED_YET', message: /line 1: FROM --platform=linux.arm64/ });
  assert.throws(() => plan('FROM --platform=a/b/c/d a'), {
    code: 'ERR_PLATFORM_INVALID',
    details: { line: 1, endLine: 1 },
  });
  const mount = 'FROM a AS a\nRUN --mount=type=cache,target=/x true\nFROM b\nCOPY --from=a a /';
  assert.throws(() => plan(mount), { code: 'ERR_NOT_SUPPORTED_YET', message: /line 2: RUN --mount/ });
});

test('FROM --platform may name the platform that is built for, in any spelling', () => {
  for (const platform of ['linux/amd64', 'amd64', 'linux/x86_64', '$BUILDPLATFORM', '$TARGETPLATFORM']) {
    assert.deepEqual(historyOf(`FROM --platform=${platform} a\nLABEL a=b`), ['LABEL a=b'], platform);
  }
});

test('COPY --from names the source of files in its title, but not in the history, as with BuildKit', () => {
  const dockerfile = 'FROM a AS one\nFROM b\nCOPY --from=one --chown=1 a /\nCOPY --from=0 a /\nCOPY --from=img a /';
  const { history } = plan(dockerfile);
  assert.deepEqual(
    history.map(({ title, createdBy }) => [title, createdBy]),
    [
      ['COPY --from=one --chown=1 a /', 'COPY --chown=1 a /'],
      ['COPY --from=0 a /', 'COPY a /'],
      ['COPY --from=img a /', 'COPY a /'],
    ],
  );
  assert.deepEqual(
    history.map(({ step }) => step?.kind === 'copy' && step.from),
    [
      { source: { kind: 'stage', index: 0 }, name: 'stage one', hint: undefined },
      { source: { kind: 'stage', index: 0 }, name: 'stage one', hint: undefined },
      { source: { kind: 'image', reference: 'img' }, name: 'image img', hint: 'No stage above has that name either.' },
    ],
  );
});

test('a target is read with the stages that it needs, lowest first, and with nothing else', () => {
  const dockerfile = 'FROM a AS a\nFROM b AS b\nFROM a AS c\nCOPY --from=img x /\nFROM c\nCOPY --from=a x /\nFROM d';
  const needed = (target?: string): string[] => {
    const found = read(dockerfile, { target });
    return found.stagesFor(found.index).map(({ name }) => name);
  };
  assert.deepEqual(needed(), ['stage-4']);
  assert.deepEqual(needed('3'), ['a', 'c', 'stage-3']);
  assert.deepEqual(needed('C'), ['a', 'c']);
  assert.deepEqual(needed('1'), ['b']);
  assert.deepEqual(
    read('FROM a')
      .stagesFor(0)
      .map(({ name }) => name),
    [''],
    'one stage needs no name',
  );
});

test('labels are of the target, triggers and ARGs of each stage', () => {
  const dockerfile = 'ARG g=1\nFROM a AS one\nARG g\nLABEL l=$g\nFROM one\nLABEL m=$g';
  const target = read(dockerfile, { labels: { given: 'x' } });
  const [one, two] = target.stagesFor(target.index);
  const below = one?.plan({ OnBuild: ['LABEL t=1', 'COPY --from=img a /'] }) ?? assert.fail();
  assert.deepEqual({ ...below.config.Labels }, { t: '1', l: '1' });
  assert.equal(below.history.length, 4);
  const plan = two?.plan(below.config);
  assert.deepEqual({ ...plan?.config.Labels }, { t: '1', l: '1', m: '', given: 'x' }, 'an ARG ends with its stage');
  assert.equal(plan?.history.length, 1);
});

test('a stage that is not needed is not looked at', () => {
  const dockerfile = 'FROM a AS one\nLABEL n=1\nFROM b AS two\nRUN false\nLABEL n=2';
  assert.deepEqual(configOf(dockerfile, { target: 'one' }).Labels, { n: '1' });
  assert.deepEqual(configOf(dockerfile, { target: 'ONE' }).Labels, { n: '1' });
  assert.throws(() => plan(dockerfile, { target: 'three' }), { code: 'ERR_DOCKERFILE_STAGE' });
});

test('values that variables make wrong are refused', () => {
  assert.throws(() => plan('FROM x\nVOLUME $nothing'), { code: 'ERR_DOCKERFILE_VALUE' });
  for (const signal of ['SIGNOPE', '0', '-1', '$nothing', 'SIGRTMIN+16', 'KILL;rm']) {
    assert.throws(() => plan(`FROM x\nSTOPSIGNAL ${signal}`), { code: 'ERR_DOCKERFILE_VALUE' }, signal);
  }
  for (const signal of ['SIGTERM', 'term', '9', 'RTMIN', 'SIGRTMAX-14']) plan(`FROM x\nSTOPSIGNAL ${signal}`);
});

test('labels and variables may be called anything', () => {
  const { Labels, Env } = configOf('FROM x\nLABEL __proto__=1 constructor=2\nENV __proto__=3 toString=4');
  assert.deepEqual(Object.entries(Labels ?? {}), [
    ['__proto__', '1'],
    ['constructor', '2'],
  ]);
  assert.deepEqual(Env, ['__proto__=3', 'toString=4']);
  assert.deepEqual(configOf('FROM x\nLABEL a=$constructor b=$__proto__').Labels, { a: '', b: '' });
});

test('65,536 instructions take no time that grows with their square', { timeout: patienceMs }, () => {
  const lines = Array.from({ length: 16_000 }, (_, at) => `ENV v${at}=$v${at - 1}x\nLABEL l${at}=1\nEXPOSE ${at + 1}`);
  const config = configOf(`FROM x\n${lines.join('\n').replaceAll(/\$v\d+x/g, 'x')}`);
  assert.equal(config.Env?.length, 16_000);
  assert.equal(Object.keys(config.Labels ?? {}).length, 16_000);
});

test('port ranges repeated without end are refused', () => {
  assert.throws(() => plan(`FROM x\n${'EXPOSE 1-65535\n'.repeat(20)}`), { code: 'ERR_DOCKERFILE_VALUE' });
});
