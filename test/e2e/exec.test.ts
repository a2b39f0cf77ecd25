import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { busyboxStore } from '../helpers/busybox-store.ts';
import { processesNaming } from '../helpers/machine-traces.ts';
import { needs } from '../helpers/needs.ts';
import { startCommand } from '../helpers/start-command.ts';
import { placesOf } from '../helpers/store-places.ts';
import { containerPids } from '../helpers/store-root.ts';
import { type CommandResult, type StrataCommand } from '../helpers/strata.ts';
import { Terminal, waitForExit } from '../helpers/terminal.ts';
import { until } from '../helpers/until.ts';
import { untilSame } from '../helpers/until-same.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

const toTuple = ({ code, stdout, stderr }: CommandResult): readonly unknown[] => [code, stdout, stderr];
const execFolders = (strata: StrataCommand): string[] => readdirSync(placesOf(strata).execs);

async function withC1(t: Parameters<typeof busyboxStore>[0]): Promise<StrataCommand> {
  const strata = await busyboxStore(t);
  assert.equal((await strata('run', '-d', '--name', 'c1', '-e', 'MINE=1', 'busybox', 'sleep', '1000')).code, 0);
  // After its start the process may show the runtime's name for a moment.
  const [pid] = containerPids(strata.root);
  const name = (): string => readFileSync(`/proc/${pid}/comm`, 'latin1');
  await until(
    () => name() === 'sleep\n',
    () => `still ${name()}`,
  );
  return strata;
}

const untilNothingOf = async (strata: StrataCommand): Promise<void> =>
  await until(
    () => execFolders(strata).length === 0,
    () => `left: ${execFolders(strata).join()}`,
  );

test('exec passes output and exit codes, and takes environment, folder and user as docker does', {
  skip,
}, async (t) => {
  const strata = await withC1(t);
  assert.deepEqual(toTuple(await strata('exec', 'c1', 'sh', '-c', 'echo out; echo err >&2; exit 3')), [
    3,
    'out\n',
    'err\n',
  ]);
  assert.equal((await strata('exec', 'c1', 'sh', '-c', 'kill -9 $$')).code, 137);
  assert.deepEqual(toTuple(await strata('container', 'exec', '-w', '/tmp', 'c1', 'pwd')), [0, '/tmp\n', '']);
  assert.match(
    (await strata('exec', '-e', 'MORE=2', 'c1', 'env')).stdout,
    /^HOSTNAME=\w+\nMINE=1\nFROM_IMAGE=yes\nMORE=2\nHOME=\/root\n/m,
  );
  assert.deepEqual(toTuple(await strata('exec', '-u', '12:34', 'c1', 'id', '-u')), [0, '12\n', '']);
  assert.deepEqual(toTuple(await strata.with({ input: 'unread' }, 'exec', 'c1', 'cat')), [0, '', '']);
  const caps = async (...flags: readonly string[]): Promise<string> =>
    (await strata('exec', ...flags, 'c1', 'cat', '/proc/self/status')).stdout.match(/CapBnd:\t(\w+)/)?.[1] ?? '';
  assert.equal(await caps(), '00000000a80425fb');
  assert.notEqual(await caps('--privileged'), await caps());

  const missing = await strata('exec', 'c1', 'missing');
  assert.deepEqual([missing.code, missing.stdout], [127, '']);
  assert.match(
    missing.stderr,
    /OCI runtime exec failed: exec failed: .* exec: "missing": executable file not found in \$PATH/,
  );
  for (const words of [
    ['c1', '/etc'],
    ['-w', '/missing', 'c1', 'pwd'],
    ['-u', 'nobody-here', 'c1', 'id'],
    ['-w', 'tmp', 'c1', 'pwd'],
  ])
    assert.equal((await strata('exec', ...words)).code, 126, words.join(' '));
  assert.deepEqual([(await strata('exec', 'c2', 'true')).code, (await strata('exec', 'c1')).code], [1, 1]);
  await untilNothingOf(strata);
});

test('exec -i carries 3 MB there and back unharmed', { skip }, async (t) => {
  const strata = await withC1(t);
  const input = randomBytes(3_000_000);
  const hash = createHash('sha256').update(input).digest('hex');
  const { child, ended } = startCommand(t, strata, 'exec', '-i', 'c1', 'cat');
  const back = createHash('sha256');
  child.stdout.removeAllListeners('data').setEncoding('latin1');
  child.stdout.on('data', (text: string) => back.update(text, 'latin1'));
  child.stdin.end(input);
  assert.deepEqual(await ended, { code: 0, signal: null });
  assert.equal(back.digest('hex'), hash);
});

test('a process of exec -d goes on by itself and leaves nothing, and one that cannot start is an error', {
  skip,
}, async (t) => {
  const strata = await withC1(t);
  assert.deepEqual(toTuple(await strata('exec', '-d', 'c1', 'sh', '-c', 'sleep 0.3; touch /tmp/done')), [0, '', '']);
  assert.equal((await strata('exec', '-d', 'c1', 'missing')).code, 127);
  await untilNothingOf(strata);
  assert.equal((await strata('exec', 'c1', 'test', '-e', '/tmp/done')).code, 0);
});

test('exec -it gives a shell a terminal and its size, and detaches by the keys', { skip }, async (t) => {
  const strata = await withC1(t);
  const terminal = new Terminal(t, 30, 100);
  const child = terminal.start(strata, 'exec', '-it', 'c1', 'sh');
  await terminal.shows('# ');
  terminal.type('stty size; echo $TERM\r');
  await terminal.shows('\r\n30 100\r\nxterm\r\n');
  terminal.resize(40, 120);
  terminal.type('until test "$(stty size)" = "40 120"; do sleep 0.01; done; echo follo""wed\r');
  await terminal.shows('\r\nfollowed\r\n');
  terminal.type('exit 5\r');
  await terminal.shows('exit 5');
  assert.equal(await waitForExit(child), 5);
  assert.equal(terminal.isRaw, false);

  const other = terminal.start(strata, 'exec', '-it', 'c1', 'sh');
  await terminal.shows('# ');
  terminal.type('\x10\x11');
  assert.equal(await waitForExit(other), 1);
  await terminal.shows('read escape sequence');
  assert.match((await strata('top', 'c1')).stdout, / sh\n/, 'the shell goes on');
  assert.deepEqual(toTuple(await strata('rm', '-f', 'c1')), [0, 'c1\n', '']);
  assert.deepEqual(execFolders(strata), []);
});

test('a killed exec does the container no harm', { skip }, async (t) => {
  const strata = await withC1(t);
  const { child, says, ended } = startCommand(t, strata, 'exec', '-i', 'c1', 'sh', '-c', 'echo here; exec cat');
  await says('here');
  child.kill('SIGKILL');
  child.stdin.end();
  await ended;
  const terminal = new Terminal(t);
  const other = terminal.start(strata, 'exec', '-it', 'c1', 'sh');
  await terminal.shows('# ');
  other.kill('SIGKILL');
  await waitForExit(other);
  terminal.reset();
  assert.equal((await strata('exec', 'c1', 'true')).code, 0);
  assert.equal((await strata('ps', '--format', '{{.State}}')).stdout, 'running\n');
  await strata('rm', '-f', 'c1');
  assert.deepEqual(execFolders(strata), []);
  // The supervisor of a joined process tidies up after it.
  await untilSame(() => processesNaming(placesOf(strata).run), []);
});

test('pause, unpause, restart and top work as with docker', { skip }, async (t) => {
  const strata = await withC1(t);
  const [pid] = containerPids(strata.root);
  const top = await strata('top', 'c1');
  assert.match(top.stdout, new RegExp(`^UID +PID +PPID .* CMD\nroot +${pid} .* sleep 1000\n$`));
  assert.match((await strata('top', 'c1', '-o', 'pid,comm')).stdout, new RegExp(`^PID +COMMAND\n${pid} +sleep\n$`));
  assert.match((await strata('top', 'c1', '-o', 'comm')).stderr, /Couldn't find PID field in ps output/);

  assert.deepEqual(toTuple(await strata('pause', 'c1')), [0, 'c1\n', '']);
  assert.equal((await strata('ps', '--format', '{{.State}}')).stdout, 'paused\n');
  const states = (): string => readFileSync(`/proc/${pid}/status`, 'latin1');
  assert.match(states(), /^State:\s+[DT]/m);
  assert.match(
    (await strata('exec', 'c1', 'true')).stderr,
    /Container c1 is paused, unpause the container before exec/,
  );
  assert.match((await strata('pause', 'c1')).stderr, /Container \w{64} is already paused/);
  assert.deepEqual(toTuple(await strata('unpause', 'c1')), [0, 'c1\n', '']);
  assert.match((await strata('unpause', 'c1')).stderr, /Container \w{64} is not paused/);
  assert.equal((await strata('exec', 'c1', 'true')).code, 0);

  assert.deepEqual(toTuple(await strata('restart', '-t', '0', 'c1')), [0, 'c1\n', '']);
  assert.notDeepEqual(containerPids(strata.root), [pid]);
  assert.equal((await strata('exec', 'c1', 'true')).code, 0);
  await strata('pause', 'c1');
  assert.deepEqual(toTuple(await strata('rm', '-f', 'c1')), [0, 'c1\n', '']);

  await strata('run', '-d', '--rm', '--name', 'c2', 'busybox', 'sleep', '1000');
  assert.deepEqual(toTuple(await strata('restart', '-s', 'KILL', 'c2')), [0, 'c2\n', '']);
  assert.equal((await strata('exec', 'c2', 'true')).code, 0);
  await strata('stop', '-t', '0', 'c2');
  assert.equal((await strata('ps', '-aq')).stdout, '');
  for (const verb of ['pause', 'unpause', 'top', 'restart']) assert.equal((await strata(verb, 'c2')).code, 1, verb);
});
