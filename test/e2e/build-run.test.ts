import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { buildContext } from '../helpers/build-context.ts';
import { fill } from '../helpers/build-folder.ts';
import { busyboxContext } from '../helpers/busybox-image.ts';
import { needs } from '../helpers/needs.ts';
import { unusualSeconds, wake } from '../helpers/sleepers.ts';
import { type StrataCommand, strataCommand, strataPath } from '../helpers/strata.ts';
import { until } from '../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');

async function withBusybox(t: TestContext): Promise<StrataCommand> {
  const strata = strataCommand(t);
  const { code, stderr } = await strata('build', '-q', '-t', 'base', busyboxContext(t));
  assert.equal(code, 0, stderr);
  return strata;
}

/** Returns the bytes of all layers, newest step first. */
async function sizes(strata: StrataCommand, image: string): Promise<number[]> {
  const { stdout } = await strata('history', '--no-human', '--format', '{{.Size}}', image);
  return stdout.trim().split('\n').map(Number);
}

test('a file that a later step deletes stays in the image, and build warns of its size', { skip }, async (t) => {
  const strata = await withBusybox(t);
  const make = 'dd if=/dev/urandom of=50M.file bs=1000000 count=50 2>/dev/null';
  const trap = buildContext(t, ['FROM base', '# a comment', `RUN ${make}`, 'LABEL a=b', 'RUN rm -rf 50M.file']);
  const joined = buildContext(t, ['FROM base', `RUN ${make} && rm -rf 50M.file`]);

  const first = await strata('build', '-t', 'trap', trap);
  assert.equal(first.code, 0, first.stderr);
  const warning =
    /^WARNING: line 5 \(RUN rm -rf 50M\.file\) deletes 50MB that line 3 \(RUN dd if=.*…\) added; .*still contains them\. Join .*&&/m;
  assert.match(first.stderr, warning);
  assert.match((await strata('build', '-t', 'trap', trap)).stderr, warning, 'also when every step is cached');
  const other = await strata('build', '-t', 'joined', joined);
  assert.equal(other.code, 0, other.stderr);
  assert.doesNotMatch(other.stderr, /WARNING/);
  assert.equal((await strata('build', '-q', trap)).stderr, '');

  const [trapSizes, joinedSizes] = [await sizes(strata, 'trap'), await sizes(strata, 'joined')];
  assert.deepEqual(trapSizes.slice(0, 3), [0, 0, 50_000_000], 'history shows which step keeps them');
  assert.deepEqual(joinedSizes.slice(0, 1), [0]);
  const sum = (list: readonly number[]): number => list.reduce((total, size) => total + size, 0);
  assert.equal(sum(trapSizes) - sum(joinedSizes), 50_000_000);

  const copied = buildContext(t, ['FROM base', 'COPY big /big', 'RUN rm /big', 'RUN rm /bin/no 2>/dev/null || true'], {
    big: Buffer.alloc(2 << 20),
  });
  assert.match(
    (await strata('build', copied)).stderr,
    /line 3 .* deletes 2\.097MB that line 2 \(COPY big .*dockerignore/,
  );
});

test('the output of a step and its failure are shown', { skip }, async (t) => {
  const strata = await withBusybox(t);
  const build = (lines: readonly string[], ...flags: readonly string[]) =>
    strata('build', ...flags, buildContext(t, ['FROM base', ...lines]));

  const plain = await build(['RUN echo one; echo two >&2; printf "no end"', 'RUN true']);
  assert.equal(plain.code, 0, plain.stderr);
  assert.match(
    plain.stderr,
    /^#1 \[1\/2\] RUN echo one; .*\n(#1 [0-9.]+ (one|two|no end)\n){3}#1 DONE [0-9.]+s\n\n#2 \[2\/2\] RUN true\n#2 DONE/,
  );
  // The two streams are two pipes: only the output of one stream has an order.
  assert.match(plain.stderr, /^#1 [0-9.]+ one\n(?:.*\n)*#1 [0-9.]+ no end\n/m);
  assert.match(plain.stderr, /^#1 [0-9.]+ two\n/m);
  const bytes = await build(["RUN printf 'a\\033[31mb\\tc\\n'"]);
  assert.match(bytes.stderr, /\d a\x1b\[31mb\tc\n/, 'plain progress passes bytes on');
  const json = await build(["RUN printf 'a\\033[31mb\\n\\377\\n'", 'RUN exit 4'], '--progress', 'json');
  const events = json.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { type: string; stream?: string; lines?: string; step?: { state: string } });
  assert.deepEqual(
    events.filter(({ type }) => type === 'log').map(({ stream, lines }) => [stream, lines]),
    [['stdout', 'a\x1b[31mb\n\ufffd\n']],
  );
  assert.equal(events.at(-1)?.step?.state, 'failed');

  const failed = await build(['LABEL a=b', 'RUN echo last words; exit 9']);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /#1 [0-9.]+ last words\n#1 ERROR: /);
  assert.match(
    failed.stderr,
    /^strata: dockerfile line 3: process "\/bin\/sh -c echo last words; exit 9" did not complete successfully: exit code: 9$/m,
  );
  const quiet = await build(['RUN echo last words; exit 9'], '-q');
  assert.equal(quiet.stdout, '');
  assert.match(quiet.stderr, /^last words$/m, 'the log of what failed is told at last');

  const refused = await build(['RUN --network=host true']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /line 2: RUN --network=host: not granted\nhint: .*--network host/);
  for (const line of ['RUN --mount=type=cache,target=/c true', 'RUN --security=insecure true']) {
    assert.match((await build([line])).stderr, /line 2: RUN --\w+: not supported yet/);
  }
  assert.match((await build(['RUN true'], '--network', 'bridge')).stderr, /not supported yet/);
});

test('output of a step cannot move the cursor of a terminal', { skip: skip || needs('script') }, async (t) => {
  const strata = await withBusybox(t);
  const evil = "printf 'up\\033[5A\\033[2J\\007\\rnew line\\n'; printf 'wide \\344\\270\\255\\n'";
  const mark = unusualSeconds();
  const folder = buildContext(t, ['FROM base', `RUN ${evil}; sleep ${mark} || exit 6`]);
  const command = `${strataPath} --root ${strata.root} build ${folder}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, TERM: 'xterm' } });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  child.stdin.end();
  const ended = new Promise((resolve) => child.on('close', resolve));
  // The line is shown while the step runs.
  await until(
    () => /=> => # wide/.test(shown) || child.exitCode !== null,
    () => shown,
  );
  await wake(mark);
  assert.equal(await ended, 1);
  assert.match(shown, /=> \[1\/1\] RUN printf/);
  assert.match(shown, /=> => # new line/);
  assert.doesNotMatch(shown, /\x1b\[5A|\x1b\[2J|\x07/);
  assert.match(shown, /------\r\nup\\x1b\[5A.*\r\nwide 中\r\n------\r\n/);
  assert.match(shown, /exit code: 6/);
});

test('a RUN of a folder with many layers is cached as a whole, and its first steps by themselves', {
  skip,
}, async (t) => {
  const strata = await withBusybox(t);
  const folder = buildContext(t, [
    'FROM base',
    ...Array.from({ length: 9 }, (_, at) => `RUN echo ${at} >> /all`),
    'RUN cat /all > /last-0',
  ]);
  assert.equal((await strata('build', '-q', folder)).code, 0);
  fill(folder, {
    Dockerfile: `${['FROM base', ...Array.from({ length: 9 }, (_, at) => `RUN echo ${at} >> /all`), 'RUN cat /all > /last-1'].join('\n')}\n`,
  });
  const { stderr } = await strata('build', folder);
  assert.equal(stderr.match(/CACHED/g)?.length, 9);
  assert.equal(stderr.match(/DONE/g)?.length, 1);
});
