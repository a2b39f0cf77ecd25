import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxStore, containerRecords, mountsOf } from '../helpers/busybox-store.ts';
import { processesNaming } from '../helpers/machine-traces.ts';
import { needs } from '../helpers/needs.ts';
import { startCommand } from '../helpers/start-command.ts';
import { placesOf } from '../helpers/store-places.ts';
import { containerPids } from '../helpers/store-root.ts';
import { type CommandResult } from '../helpers/strata.ts';
import { until } from '../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

const toTuple = ({ code, stdout, stderr }: CommandResult): readonly unknown[] => [code, stdout, stderr];

test('a container is driven by commands from run -d to rm', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const cidfile = join(temporaryFolder(t), 'cid');
  const script = 'echo out; echo err >&2; exec sleep 1000';
  const flags = ['--name', 'b1', '--cidfile', cidfile, '-l', 'a=b', '-e', 'X=1'];
  const { stdout, stderr, code } = await strata('run', '-d', ...flags, 'busybox', 'sh', '-c', script);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^[0-9a-f]{64}\n$/);
  const id = stdout.trim();
  assert.equal(readFileSync(cidfile, 'utf8'), id);

  const row = (await strata('ps')).stdout.split('\n')[1] ?? '';
  assert.match(row, new RegExp(`^${id.slice(0, 12)}   busybox   "sh -c 'echo out; ec…"   .* ago +Up .* b1$`));
  assert.equal((await strata('ps', '-q', '--no-trunc')).stdout, `${id}\n`);
  assert.equal((await strata('ps', '--format', '{{.Names}} {{.State}} {{.Labels}}')).stdout, 'b1 running a=b\n');
  const labels = '{{.Label "a"}},{{.Label "constructor"}},';
  assert.equal((await strata('ps', '--format', labels)).stdout, 'b,,\n');
  let logs = await strata('logs', 'b1');
  for (let tries = 0; (logs.stdout === '' || logs.stderr === '') && tries < 100; tries++)
    logs = await strata('logs', 'b1');
  assert.deepEqual(toTuple(logs), [0, 'out\n', 'err\n']);
  const [document] = JSON.parse((await strata('container', 'inspect', 'b1')).stdout) as [Record<string, unknown>];
  assert.deepEqual([document['Id'], document['Name']], [id, '/b1']);

  const refused = await strata('rm', 'b1');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /cannot remove container "\/b1": container is running: stop the container/);
  assert.deepEqual(toTuple(await strata('rename', 'b1', 'b2')), [0, '', '']);
  assert.deepEqual(toTuple(await strata('stop', '-t', '0', 'b2')), [0, 'b2\n', '']);
  assert.deepEqual(toTuple(await strata('wait', 'b2')), [0, '137\n', '']);
  assert.match((await strata('ps', '-a')).stdout, /Exited \(137\) .* ago/);
  assert.deepEqual(toTuple(await strata('start', 'b2')), [0, 'b2\n', '']);
  assert.deepEqual(toTuple(await strata('kill', '-s', 'KILL', 'b2')), [0, 'b2\n', '']);
  await strata('wait', 'b2');
  const some = await strata('rm', 'nope', 'b2');
  assert.deepEqual([some.code, some.stdout], [1, 'b2\n'], 'one that fails does not stop the others');
  assert.match(some.stderr, /No such container: nope/);
  assert.deepEqual(containerRecords(strata), []);
  assert.deepEqual(mountsOf(strata), []);
});

test('a container that cannot start gives docker’s exit codes, and goes with --rm', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  assert.equal((await strata('run', '-d', '--name', 'kept', 'busybox', '/nope')).code, 127);
  assert.equal((await strata('run', '-d', '--rm', 'busybox', '/nope')).code, 127);
  assert.equal((await strata('run', '-d', 'busybox', '/etc')).code, 126);
  assert.equal((await strata('run', '-d', '--name', 'kept', 'busybox')).code, 125);
  assert.match((await strata('ps', '-a', '--format', '{{.Status}}')).stdout, /^(Created\n){2}$/);
  const start = await strata('start', 'kept', 'nope');
  assert.equal(start.code, 1);
  assert.match(
    start.stderr,
    /no such file or directory[^]*No such container: nope[^]*failed to start containers: kept, nope\n$/,
  );
  const pruned = await strata('container', 'prune', '-f');
  assert.match(pruned.stdout, /^Deleted Containers:\n[0-9a-f]{64}\n[0-9a-f]{64}\n\nTotal reclaimed space: /);
});

test('a container of run -d --rm lives without the command, and is removed at its end', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const { stdout } = await strata('run', '-dit', '--rm', '--name', 'b3', 'busybox', 'sh');
  assert.match((await strata('ps')).stdout, /Up .* b3\n$/);
  assert.deepEqual(toTuple(await strata('stop', '-t', '0', 'b3')), [0, 'b3\n', '']);
  assert.deepEqual(toTuple(await strata('ps', '-aq')), [0, '', '']);
  assert.deepEqual(processesNaming(stdout.trim()), []);
});

test('several containers are stopped at once, and printed in order', {
  skip,
}, async (t) => {
  const strata = await busyboxStore(t);
  const folder = temporaryFolder(t);
  const ends = { one: 'until [ -e /in/two ]; do sleep 0.05; done', two: ': > /in/two' };
  for (const [name, end] of Object.entries(ends)) {
    const script = `trap "${end}; exit" TERM; : > /in/${name}.ready; while :; do sleep 0.05; done`;
    const { code, stderr } = await strata(
      'run',
      '-d',
      '--name',
      name,
      '-v',
      `${folder}:/in`,
      'busybox',
      'sh',
      '-c',
      script,
    );
    assert.equal(code, 0, stderr);
    await until(
      () => existsSync(join(folder, `${name}.ready`)),
      () => `${name} is not ready`,
    );
  }
  const { code, stdout, stderr } = await strata('stop', '-t', '-1', 'one', 'missing', 'two');
  assert.deepEqual([code, stdout], [1, 'one\ntwo\n']);
  assert.match(stderr, /^strata: No such container: missing$/m);
  assert.equal((await strata('rm', 'one', 'two')).code, 0);
});

test('a container goes on as before when the command that waits for it or stops it is killed', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  await strata(
    'run',
    '-d',
    '--name',
    'one',
    'busybox',
    'sh',
    '-c',
    'trap "" TERM; echo ready; while true; do sleep 0.1; done',
  );
  const [pid] = containerPids(strata.root);
  for (const args of [
    ['wait', 'one'],
    ['stop', '-t', '1000', 'one'],
  ]) {
    const running = startCommand(t, strata, ...args);
    await sleep(700);
    running.child.kill('SIGKILL');
    await running.ended;
    assert.match((await strata('ps')).stdout, /Up .* one\n$/, args[0]);
    assert.ok(existsSync(`/proc/${pid}`));
  }
  assert.equal((await strata('rm', '-f', 'one')).code, 0);
  assert.deepEqual(processesNaming(placesOf(strata).run), []);
});
