import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Engine } from '../../src/engine/index.ts';
import { busyboxStore, containerRecords, mountsOf } from '../helpers/busybox-store.ts';
import { needs } from '../helpers/needs.ts';
import { startCommand } from '../helpers/start-command.ts';
import { placesOf } from '../helpers/store-places.ts';
import { containerPids } from '../helpers/store-root.ts';
import { strataPath } from '../helpers/strata.ts';
import { waitForExit } from '../helpers/terminal.ts';
import { patienceMs, until } from '../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');

test('a container killed from outside gives 128 and the number of the signal', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const running = startCommand(t, strata, 'run', '--rm', 'busybox', 'sh', '-c', 'echo ready; sleep 1000');
  await running.says('ready');
  // The runtime writes the process number a moment after the process has begun to write.
  await until(
    () => containerPids(strata.root).length > 0,
    () => 'no process',
  );
  const [pid] = containerPids(strata.root);
  assert.ok(pid);
  process.kill(pid, 'SIGKILL');
  assert.deepEqual(await running.ended, { code: 137, signal: null });
});

test('signals go to the container from the first one on', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const script =
    'for s in TERM INT HUP USR1; do trap "echo got $s" $s; done; trap "exit 5" USR2; echo ready; while true; do sleep 0.05; done';
  const running = startCommand(t, strata, 'run', '--rm', 'busybox', 'sh', '-c', script);
  await running.says('ready');
  for (const name of ['TERM', 'INT', 'HUP', 'USR1']) {
    running.child.kill(`SIG${name}` as NodeJS.Signals);
    await running.says(`got ${name}`);
  }
  running.child.kill('SIGUSR2');
  assert.deepEqual(await running.ended, { code: 5, signal: null });
  assert.equal(running.output.stderr, '');
  assert.deepEqual(containerRecords(strata), []);
});

/** Waits until no signal is pending: two pending signals of one kind count as one, for long on a busy machine. */
async function untilTaken(pid: number): Promise<void> {
  const isPending = (): boolean => {
    try {
      return !/^SigPnd:\t0+\nShdPnd:\t0+$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
    } catch {
      return false;
    }
  };
  await until(
    () => !isPending(),
    () => 'the signal stays pending',
  );
}

test('the third interrupt ends a container that ignores them, and nothing stays', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const running = startCommand(t, strata, 'run', '--rm', 'busybox', 'sh', '-c', 'trap "" INT; echo ready; sleep 1000');
  await running.says('ready');
  const [pid] = containerPids(strata.root);
  for (let count = 0; count < 3; count++) {
    running.child.kill('SIGINT');
    await untilTaken(running.child.pid ?? 0);
  }
  assert.deepEqual(await running.ended, { code: 130, signal: null });
  assert.ok(!existsSync(`/proc/${pid}`));
  assert.deepEqual(containerRecords(strata), []);
  assert.deepEqual(readdirSync(placesOf(strata).bundles), []);
});

test('a killed command leaves no mount on the host and true records, and the next command clears up', {
  skip,
}, async (t) => {
  const strata = await busyboxStore(t);
  const script = 'echo ready; while ! test -e /stop; do sleep 0.05; done; exit 6';
  const kept = startCommand(t, strata, 'run', '--name', 'kept', 'busybox', 'sh', '-c', script);
  const removed = startCommand(t, strata, 'run', '--rm', '--name', 'removed', 'busybox', 'sh', '-c', script);
  await Promise.all([kept.says('ready'), removed.says('ready')]);
  assert.deepEqual(mountsOf(strata), [], 'seen from here');
  const pids = containerPids(strata.root);
  for (const { child } of [kept, removed]) {
    child.kill('SIGKILL');
    await waitForExit(child);
  }
  assert.deepEqual(mountsOf(strata), []);

  // Containers outlive the command that started them, as under docker, and the files they use are not collected.
  await using engine = await Engine.open({ root: strata.root });
  await engine.system.collectGarbage().result;
  const { id } = await engine.images.inspect('busybox');
  await assert.rejects(engine.images.remove(id, { force: true }), { kind: 'conflict' });
  for (const pid of pids) writeFileSync(`/proc/${pid}/root/stop`, '');
  await Promise.all([kept.ended, removed.ended]);
  for (const pid of pids) {
    await until(
      () => !existsSync(`/proc/${pid}`),
      () => `container process ${pid} does not end`,
    );
  }
  await engine.containers.run({ image: 'busybox', command: ['true'], remove: true }).result;
  assert.deepEqual(
    containerRecords(strata).map(({ name, state }) => {
      const { status, exitCode } = state as { readonly status: string; readonly exitCode: number };
      return [name, status, exitCode];
    }),
    [['kept', 'exited', 6]],
  );
  assert.deepEqual(readdirSync(placesOf(strata).bundles), []);
  assert.deepEqual(readdirSync(placesOf(strata).states), []);
});

test('all output has been written when the command ends', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const script = 'yes out | head -c 1000000; yes err | head -c 1000000 >&2';
  const { code, stdout, stderr } = await strata('run', '--rm', 'busybox', 'sh', '-c', script);
  assert.deepEqual([code, stdout.length, stderr.length], [0, 1_000_000, 1_000_000]);
});

test('a command that writes ends when the reader of either stream goes away', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const run = `${strataPath} --root ${strata.root} run --rm busybox`;
  const shell = (line: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
    spawnSync('bash', ['-c', line], { encoding: 'utf8', timeout: patienceMs });
  assert.deepEqual(
    [`${run} yes | head -1`, `${run} sh -c 'yes >&2' 2>&1 >/dev/null | head -1`].map((line) => shell(line).stdout),
    ['y\n', 'y\n'],
  );
  const listed = shell(`${strataPath} --root ${strata.root} images --no-trunc | true; ${strataPath} --help | true`);
  assert.deepEqual([listed.status, listed.stderr], [0, '']);
  assert.deepEqual(containerRecords(strata), []);
});
