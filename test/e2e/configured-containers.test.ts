// Settings of the configuration that new containers and build steps take over, on the real command.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Engine } from '../../src/engine/index.ts';
import { folderWith, temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxStore } from '../helpers/busybox-store.ts';
import { needs, output } from '../helpers/needs.ts';
import { type StrataCommand, strataPath } from '../helpers/strata.ts';
import { until } from '../helpers/until.ts';

const skip = needs('root', 'overlay', 'busybox', 'runc', 'conmon');

type Line = (...args: readonly string[]) => ReturnType<StrataCommand>;

/** Returns the command with a configuration that can be changed. */
function withConfiguration(
  t: TestContext,
  strata: StrataCommand,
): { readonly line: Line; readonly configure: Configure } {
  const file = join(temporaryFolder(t, 'configuration'), 'config.json');
  const configure: Configure = (content) => {
    writeFileSync(file, JSON.stringify(content));
    return file;
  };
  configure({});
  return { line: (...args) => strata.with({ env: { STRATA_CONFIG: file } }, ...args), configure };
}

type Configure = (content: object) => string;

async function ok(answer: ReturnType<StrataCommand>): Promise<string> {
  const { code, stdout, stderr } = await answer;
  assert.equal(code, 0, stderr);
  return stdout;
}

describe('logging by the configuration', { skip }, () => {
  const shown = '{{json .HostConfig.LogConfig}}';
  const logConfigOf = async (line: Line, name: string): Promise<unknown> =>
    JSON.parse(await ok(line('inspect', '-f', shown, name)));

  test('log-driver and log-opts apply to new containers that ask for no other, and stay as they were at creation', async (t) => {
    const { line, configure } = withConfiguration(t, await busyboxStore(t));
    await ok(line('run', '--name', 'before', 'busybox', 'echo', 'kept'));
    configure({ 'log-driver': 'local', 'log-opts': { 'max-size': '1m' } });
    await ok(line('create', '--name', 'by-default', 'busybox', 'true'));
    assert.deepEqual(await logConfigOf(line, 'by-default'), { Type: 'local', Config: { 'max-size': '1m' } });
    await ok(line('create', '--name', 'adds', '--log-opt', 'max-file=1', 'busybox', 'true'));
    assert.deepEqual(await logConfigOf(line, 'adds'), { Type: 'local', Config: { 'max-file': '1', 'max-size': '1m' } });
    await ok(line('create', '--name', 'otherwise', '--log-opt', 'max-size=2m', 'busybox', 'true'));
    assert.deepEqual(await logConfigOf(line, 'otherwise'), { Type: 'local', Config: { 'max-size': '2m' } });
    await ok(line('create', '--name', 'other-driver', '--log-driver', 'json-file', 'busybox', 'true'));
    assert.deepEqual(await logConfigOf(line, 'other-driver'), { Type: 'json-file', Config: {} });
    assert.deepEqual(await logConfigOf(line, 'before'), { Type: 'json-file', Config: {} });
    assert.equal(await ok(line('info', '-f', '{{.LoggingDriver}}')), 'local\n');
  });

  test('log-driver none keeps no log, unless a container asks for one', async (t) => {
    const { line, configure } = withConfiguration(t, await busyboxStore(t));
    configure({ 'log-driver': 'none' });
    assert.equal(await ok(line('run', '--name', 'quiet', 'busybox', 'echo', 'said')), 'said\n');
    assert.match((await line('logs', 'quiet')).stderr, /configured logging driver does not support reading/);
    await ok(line('run', '--name', 'asks', '--log-driver', 'json-file', 'busybox', 'echo', 'said'));
    assert.equal(await ok(line('logs', 'asks')), 'said\n');
    const refused = await line('run', '--log-opt', 'max-size=1m', 'busybox', 'true');
    assert.match(refused.stderr, /invalid logging opts for driver none/);
  });

  test('an invalid log setting is refused with file and key', async (t) => {
    const { line, configure } = withConfiguration(t, await busyboxStore(t));
    const cases: readonly (readonly [content: object, says: string])[] = [
      [{ 'log-driver': 'jurnald' }, 'log-driver: error looking up logging plugin jurnald: plugin "jurnald" not found'],
      [{ 'log-driver': 'syslog' }, 'log-driver: log driver syslog: not supported yet'],
      [{ 'log-opts': { 'max-file': '3' } }, 'log-opts: log option max-file=3: not supported yet'],
      [{ 'log-opts': { 'max-size': 'big' } }, "log-opts: invalid size: 'big'"],
      [{ 'log-opts': { size: '1' } }, "log-opts: unknown log opt 'size' for json-file log driver"],
      [{ 'log-driver': 'none', 'log-opts': { 'max-size': '1m' } }, 'log-opts: invalid logging opts for driver none'],
    ];
    for (const [content, says] of cases) {
      const file = configure(content);
      const { code, stderr } = await line('ps');
      assert.deepEqual([code, stderr.split('\n')[0]], [1, `strata: ${file}: ${says}`]);
    }
  });
});

/** Writes a runtime that records its arguments and hands them to runc; its first argument is `mine`. */
function writeRuntime(t: TestContext): { readonly path: string; readonly calls: () => string[] } {
  const log = join(temporaryFolder(t, 'runtime'), 'calls');
  const path = join(temporaryFolder(t, 'runtime'), 'own');
  const runc = output('which', 'runc').trim();
  const script = `#!/bin/sh
[ "$1" = --version ] && exec ${runc} "$@"
[ "$1" = mine ] || exit 9
shift
for word; do
  case $word in run | create | start | delete | pause | resume | exec) echo "$word" >>${log}; break ;; esac
done
exec ${runc} "$@"
`;
  writeFileSync(path, script, { mode: 0o755 });
  writeFileSync(log, '');
  const calls = (): string[] => {
    const words = readFileSync(log, 'utf8').split('\n').filter(Boolean);
    writeFileSync(log, '');
    return words;
  };
  return { path, calls };
}

describe('runtimes by the configuration', { skip }, () => {
  test('a runtime by name gets its arguments in every verb on the container', async (t) => {
    const { line, configure } = withConfiguration(t, await busyboxStore(t));
    const { path, calls } = writeRuntime(t);
    configure({ runtimes: { own: { path, runtimeArgs: ['mine'] } } });
    assert.equal(await ok(line('run', '--rm', '--runtime', 'own', 'busybox', 'echo', 'ran')), 'ran\n');
    assert.deepEqual(calls(), ['run']);
    await ok(line('run', '-d', '--name', 'web', '--runtime', 'own', 'busybox', 'sleep', '1000'));
    assert.deepEqual(calls(), ['create', 'start']);
    assert.equal(await ok(line('inspect', '-f', '{{.HostConfig.Runtime}}', 'web')), 'own\n');
    for (const [verb, expected] of [
      ['exec web true', ['exec']],
      ['exec -d web true', ['exec']],
      ['pause web', ['pause']],
      ['unpause web', ['resume']],
      ['commit web made', ['pause', 'resume']],
      ['rm -f web', []],
    ] as const) {
      await ok(line(...verb.split(' ')));
      assert.deepEqual(calls(), expected, verb);
    }
    await ok(line('run', '--rm', 'busybox', 'true'));
    assert.deepEqual(calls(), [], 'the default is runc');
  });

  test('default-runtime runs new containers and build steps; existing containers stay with theirs', async (t) => {
    const strata = await busyboxStore(t);
    const { line, configure } = withConfiguration(t, strata);
    const { path, calls } = writeRuntime(t);
    await ok(line('create', '--name', 'before', 'busybox', 'true'));
    configure({ 'default-runtime': 'own', runtimes: { own: { path, runtimeArgs: ['mine'] } } });
    await ok(line('create', '--name', 'after', 'busybox', 'true'));
    await ok(line('start', '-a', 'before'));
    assert.deepEqual(calls(), []);
    await ok(line('start', '-a', 'after'));
    assert.deepEqual(calls(), ['create', 'start']);
    await ok(line('build', '-q', folderWith(t, { Dockerfile: 'FROM busybox\nRUN true\n' })));
    assert.deepEqual(calls(), ['run']);
    const format = '{{.DefaultRuntime}} {{.Runtimes.own.Path}} {{.Strata.runtime.version}}';
    const version = output('runc', '--version').match(/version (\S+)/)?.[1] ?? '';
    assert.ok((await ok(line('info', '-f', format))).startsWith(`own ${path} ${version}`));
    assert.ok((await ok(line('version'))).includes(`own ${version}`));
    assert.equal(await ok(line('run', '--rm', '--runtime', 'runc', 'busybox', 'echo', 'by runc')), 'by runc\n');
    assert.deepEqual(calls(), []);
    await using engine = await Engine.open({
      root: strata.root,
      configurationFile: false,
      defaultRuntime: 'own',
      runtimes: { own: { path, runtimeArgs: ['mine'] } },
    });
    await engine.containers.run({ image: 'busybox', command: ['true'], remove: true }).result;
    assert.deepEqual(calls(), ['run'], 'a program configures it by options');
  });

  test('the step of a killed build is ended by the runtime that it has', async (t) => {
    const strata = await busyboxStore(t);
    const { configure } = withConfiguration(t, strata);
    const { path, calls } = writeRuntime(t);
    const file = configure({ 'default-runtime': 'own', runtimes: { own: { path, runtimeArgs: ['mine'] } } });
    const folder = folderWith(t, { Dockerfile: 'FROM busybox\nRUN echo begun; sleep 1000\n' });
    const build = spawn(strataPath, ['build', '--progress', 'plain', folder], {
      env: { ...process.env, STRATA_CONFIG: file, STRATA_ROOT: strata.root },
    });
    let shown = '';
    build.stderr.setEncoding('utf8').on('data', (text: string) => (shown += text));
    await until(
      () => /^#\d+ [\d.]+ begun$/m.test(shown),
      () => shown,
    );
    build.kill('SIGKILL');
    await once(build, 'close');
    const seen: string[] = [];
    await until(
      () => {
        seen.push(...calls());
        return seen.includes('delete');
      },
      () => seen.join(' '),
    );
  });

  test('a runtime that the configuration no longer names, never named, or that is not installed is an error', async (t) => {
    const strata = await busyboxStore(t);
    const { line, configure } = withConfiguration(t, strata);
    const { path } = writeRuntime(t);
    configure({ runtimes: { own: { path, runtimeArgs: ['mine'] }, gone: { path: '/nowhere/gone' } } });
    const gone = await line('run', '--rm', '--runtime', 'gone', 'busybox', 'true');
    assert.deepEqual(
      [gone.code, gone.stderr.split('\n')[0]],
      [125, 'strata: runtime gone: /nowhere/gone cannot be run'],
    );
    await ok(line('run', '-d', '--name', 'web', '--runtime', 'own', 'busybox', 'sleep', '1000'));
    configure({});
    const unknown = /^strata: unknown or invalid runtime name: own\nhint: Use runc, or add the runtime under/;
    assert.match((await line('exec', 'web', 'true')).stderr, unknown);
    assert.match((await line('run', '--runtime', 'own', 'busybox', 'true')).stderr, unknown);
    await ok(line('rm', '-f', 'web'));
    assert.equal(await ok(line('ps', '-aq')), '', 'it can be removed all the same');
  });
});
