import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { folderWith } from '../helpers/build-folder.ts';
import { needs } from '../helpers/needs.ts';
import { placesOf } from '../helpers/store-places.ts';
import { strataCommand, strataPath } from '../helpers/strata.ts';
import { dir, file, tar } from '../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');
const dockerfile = 'FROM scratch\nCOPY d /d\n';
const context = gzipSync(
  tar(file('Dockerfile', dockerfile), file('Other', `${dockerfile}CMD ["x"]\n`), dir('d'), file('d/f')),
);

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

test('build reads a context or a Dockerfile from standard input', { skip }, async (t) => {
  const strata = strataCommand(t);
  const folder = folderWith(t, { 'd/f': '', Dockerfile: dockerfile });
  const id = async (input: string | Uint8Array, ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await strata.with({ input }, 'build', '-q', ...args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const plain = await id('', folder);
  assert.equal(await id(context, '-'), plain, 'a tar');
  assert.equal(await id(dockerfile, '-f', '-', folder), plain, '-f -');
  const other = await id(context, '-f', 'Other', '-');
  assert.notEqual(other, plain);
  assert.equal(await id(`${dockerfile}CMD ["x"]\n`, '-f', '-', folder), other);
  const text = await id('FROM scratch\nLABEL a=b\n', '-');
  const { stdout } = await strata('inspect', '--format', '{{index .Config.Labels "a"}}', text);
  assert.equal(stdout, 'b\n');
});

test('contexts, Dockerfiles and flags that are invalid are refused in docker’s words', { skip }, async (t) => {
  const strata = strataCommand(t);
  const folder = folderWith(t, {
    'd/f': '',
    Dockerfile: dockerfile,
    'Add.Dockerfile': 'FROM scratch\n\nADD broken.tgz /x/\n',
    'broken.tgz': gzipSync(tar(file('a', 'x'.repeat(300_000)))).subarray(0, -9),
  });
  const cases: readonly (readonly [string | Uint8Array, readonly string[], number, RegExp])[] = [
    ['', ['-f', '-', '-'], 125, /invalid argument: can't use stdin for both build context and dockerfile/],
    ['FROM scratch\n', ['-f', 'other', '-'], 1, /ambiguous Dockerfile source: both stdin and flag correspond/],
    ['', ['-'], 1, /file with no instructions/],
    [context.subarray(0, 100), ['-'], 1, /build context: gzip data: unexpected end/],
    [context, ['-f', 'none', '-'], 1, /failed to read dockerfile: open none: no such file or directory/],
    ['', ['-f', '/none/Dockerfile', folder], 1, /failed to read dockerfile: open \/none\/Dockerfile: no such file/],
    ['', [join(folder, 'none')], 1, /unable to prepare context: path ".*none" not found/],
    ['', [join(folder, 'Dockerfile')], 1, /unable to prepare context: context must be a directory: .*Dockerfile/],
    ['', ['-f', join(folder, 'Add.Dockerfile'), folder], 1, /dockerfile line 3: ADD broken\.tgz: gzip data/],
    ['', ['--pull', folder], 1, /not supported yet/],
    ['', ['--pull=always', folder], 1, /not supported yet/],
    ['', ['--pull=newer', folder], 125, /invalid pull policy: newer/],
    ['FROM nosuch\n', ['--pull=never', '-'], 1, /image nosuch: not found locally/],
    ['FROM nosuch:1\n', ['-'], 1, /image nosuch:1: not found locally/],
  ];
  for (const [input, args, expected, message] of cases) {
    const { code, stderr } = await strata.with({ input }, 'build', ...args);
    assert.deepEqual([code, message.test(stderr)], [expected, true], `${args.join(' ')}: ${firstLine(stderr)}`);
  }
  for (const flag of ['--pull=false', '--pull=missing', '--pull=never']) {
    assert.equal((await strata('build', flag, folder)).code, 0, flag);
  }
});

test('a build killed while its context streams in leaves nothing after the next command', {
  skip,
}, async (t) => {
  const strata = strataCommand(t);
  const child = spawn(strataPath, ['build', '-'], {
    env: { ...process.env, STRATA_ROOT: strata.root },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = once(child, 'exit');
  child.stdin.on('error', () => undefined);
  child.stdin.write(tar(file('Dockerfile', dockerfile), file('d/f', new Uint8Array(1 << 20))).subarray(0, 600_000));
  const snapshots = placesOf(strata).trees;
  const half = (): boolean => {
    try {
      return readdirSync(snapshots, { recursive: true }).some((name) => String(name).endsWith('d/f'));
    } catch {
      return false;
    }
  };
  while (!half() && child.exitCode === null) await sleep(20);
  child.kill('SIGKILL');
  await gone;
  assert.ok(half());
  const { code, stderr } = await strata.with({ input: 'FROM scratch\nLABEL a=b\n' }, 'build', '-');
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(snapshots), []);
});
