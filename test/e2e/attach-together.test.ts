import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { busyboxStore } from '../helpers/busybox-store.ts';
import { needs } from '../helpers/needs.ts';
import { startCommand } from '../helpers/start-command.ts';
import { containerPids } from '../helpers/store-root.ts';
import { type StrataCommand } from '../helpers/strata.ts';
import { Terminal, waitForExit } from '../helpers/terminal.ts';
import { until } from '../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'setsid');

const script =
  'trap "echo got INT" INT; trap "echo got USR1" USR1; echo ready; until test -e /stop; do sleep 0.05; done; echo bye; exit 6';

/** Makes the container write, again and again, until a command that has just attached shows it. */
async function untilAttached({ root }: StrataCommand, seen: () => string): Promise<void> {
  const [pid] = containerPids(root);
  assert.ok(pid);
  const hears = (): boolean => {
    process.kill(pid, 'SIGUSR1');
    return seen().includes('got USR1');
  };
  await until(hears, seen, 50);
}

const stop = ({ root }: StrataCommand): void => {
  spawnSync('touch', [`/proc/${containerPids(root)[0]}/root/stop`]);
};

test('two commands that start one container at once and two that attach see the same output and its exit code', {
  skip,
}, async (t) => {
  const strata = await busyboxStore(t);
  await strata('create', '--name', 'one', 'busybox', 'sh', '-c', script);
  const starting = [startCommand(t, strata, 'start', '-a', 'one'), startCommand(t, strata, 'start', '-a', 'one')];
  const isReady = (): boolean => starting.some(({ output }) => output.stdout.includes('ready\n'));
  const describeOutput = (): string => JSON.stringify(starting.map(({ output }) => output));
  await until(isReady, describeOutput);
  const attaching = [
    startCommand(t, strata, 'attach', '--no-stdin', 'one'),
    startCommand(t, strata, 'attach', '--sig-proxy=false', '--no-stdin', 'one'),
  ];
  for (const { output } of [...starting, ...attaching]) await untilAttached(strata, () => output.stdout);
  stop(strata);
  for (const { ended, output } of [...starting, ...attaching]) {
    assert.deepEqual([await ended, output.stderr], [{ code: 6, signal: null }, '']);
    assert.match(output.stdout, /^(ready\n)?(got USR1\n)+bye\n$/);
  }
  const sawAll = starting.filter(({ output }) => output.stdout.startsWith('ready\n'));
  assert.ok(sawAll.length > 0, 'the starting command missed nothing');
  await strata('rm', 'one');
});

test('an interrupt typed at a terminal goes to the container, or ends only the attached command with --sig-proxy=false', {
  skip,
}, async (t) => {
  const strata = await busyboxStore(t);
  await strata('run', '-d', '--name', 'one', 'busybox', 'sh', '-c', script);
  await until(
    async () => (await strata('logs', 'one')).stdout.includes('ready'),
    () => 'it does not begin',
  );
  const aside = new Terminal(t);
  const deaf = aside.start(strata, 'attach', '--sig-proxy=false', 'one');
  await untilAttached(strata, () => aside.seen);
  aside.type('\x03');
  assert.equal(await waitForExit(deaf), 130);
  assert.ok(!(await strata('logs', 'one')).stdout.includes('got INT'), 'the container was not told');

  const terminal = new Terminal(t);
  const attached = terminal.start(strata, 'attach', '--sig-proxy=true', 'one');
  await untilAttached(strata, () => terminal.seen);
  terminal.type('\x03');
  await terminal.shows('got INT');
  stop(strata);
  await terminal.shows('bye');
  assert.equal(await waitForExit(attached), 6);
  await strata('rm', 'one');
});
