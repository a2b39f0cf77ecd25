import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyboxStore, containerRecords, mountsOf } from '../helpers/busybox-store.ts';
import { processesNaming } from '../helpers/machine-traces.ts';
import { needs } from '../helpers/needs.ts';
import { type StartedCommand, startCommand } from '../helpers/start-command.ts';
import { placesOf } from '../helpers/store-places.ts';
import { containerPids } from '../helpers/store-root.ts';
import { type StrataCommand, strataPath } from '../helpers/strata.ts';
import { waitForExit } from '../helpers/terminal.ts';
import { testFile } from '../helpers/test-file.ts';
import { patienceMs, until } from '../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

const file = testFile();
let strata: StrataCommand;
before(async () => {
  if (skip === false) strata = await busyboxStore(file);
});

afterEach(async () => {
  const ids = skip === false ? (await strata('ps', '-aq')).stdout.split('\n').filter((id) => id !== '') : [];
  if (ids.length > 0) await strata('rm', '-f', ...ids);
});

const states = async (): Promise<string> =>
  (await strata('ps', '-a', '--format', '{{.Names}} {{.State}}')).stdout.trim();

/** Makes the container write by a signal, again and again, until the command shows it. */
async function untilAttached({ output, child }: StartedCommand): Promise<void> {
  const [pid] = containerPids(strata.root);
  assert.ok(pid);
  const hears = (): boolean => {
    assert.ok(child.exitCode === null, output.stderr);
    process.kill(pid, 'SIGUSR1');
    return output.stdout.includes('got USR1');
  };
  await until(hears, () => output.stderr, 50);
}

test('a run without --rm can be attached to and its logs read meanwhile, and its container outlives the killed command', {
  skip,
}, async (t) => {
  const script =
    'trap "echo got USR1" USR1; echo out; echo err >&2; until test -e /stop; do sleep 0.05; done; echo bye; exit 6';
  const run = startCommand(t, strata, 'run', '--name', 'one', 'busybox', 'sh', '-c', script);
  await run.says('out');
  // The streams are two pipes: output on one says nothing about the other.
  let logs = await strata('logs', 'one');
  for (let tries = 0; logs.stderr === '' && tries < 100; tries++) logs = await strata('logs', 'one');
  assert.deepEqual([logs.stdout, logs.stderr], ['out\n', 'err\n']);
  assert.equal(await states(), 'one running');
  const attached = startCommand(t, strata, 'attach', '--no-stdin', 'one');
  await untilAttached(attached);
  await until(
    () => run.output.stderr !== '',
    () => 'nothing on the other stream',
  );
  run.child.kill('SIGKILL');
  await run.ended;
  assert.equal(run.output.stderr, 'err\n');
  assert.equal(await states(), 'one running');
  const [pid] = containerPids(strata.root);
  spawnSync('touch', [`/proc/${pid}/root/stop`]);
  assert.deepEqual(await attached.ended, { code: 6, signal: null });
  assert.match(attached.output.stdout, /^(got USR1\n)+bye\n$/);
  assert.equal(await states(), 'one exited');

  const again = await strata('start', '-a', 'one');
  assert.deepEqual([again.code, again.stdout, again.stderr], [6, 'out\nbye\n', 'err\n']);
});

test('bytes pass standard input and output unharmed, with or without a supervisor', { skip }, () => {
  const input = randomBytes(3 << 20);
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const through = (line: string): readonly [number | null, string] => {
    const { status, stdout } = spawnSync(strataPath, ['--root', strata.root, ...line.split(' ')], {
      input,
      maxBuffer: 8 << 20,
      timeout: patienceMs,
    });
    return [status, digest(stdout)];
  };
  const same = [0, digest(input)];
  assert.deepEqual(through('run -i --name pipe busybox cat'), same);
  assert.deepEqual(through('start -ai pipe'), same, 'and again');
  assert.deepEqual(through('run -i --rm busybox cat'), same);
  assert.deepEqual(through('run --name none busybox cat'), [0, digest(Buffer.alloc(0))]);
  const shell = (line: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
    spawnSync('bash', ['-c', line.replaceAll('strata', `${strataPath} --root ${strata.root}`)], {
      encoding: 'utf8',
      timeout: patienceMs,
    });
  const closed = shell('strata run -i --name closed busybox sh -c "cat; echo over" <&-');
  assert.deepEqual([closed.status, closed.stdout], [0, 'over\n']);
  const pipe = shell('strata run --name writes busybox yes | head -1; echo ${PIPESTATUS[0]}');
  assert.deepEqual([pipe.stdout, pipe.stderr], ['y\n141\n', '']);
  assert.match(shell('strata ps').stdout, /Up .* writes\n/);
});

test('a slow reader makes the container wait, but does not delay its end', { skip }, async (t) => {
  const script = 'yes 0123456789abcde | head -c 100000000';
  const run = startCommand(t, strata, 'run', '--name', 'slow', 'busybox', 'sh', '-c', script);
  await run.says('abc');
  run.child.stdout.pause();
  await sleep(800);
  assert.equal(await states(), 'slow running');
  assert.deepEqual((await strata('stop', '-t', '0', 'slow')).stdout, 'slow\n');
  run.child.stdout.resume();
  assert.deepEqual(await run.ended, { code: 137, signal: null });
});

test('a stopped client does not hold up stop', { skip }, async (t) => {
  const run = startCommand(t, strata, 'run', '--name', 'chatty', 'busybox', 'yes');
  await run.says('y');
  run.child.kill('SIGSTOP');
  await sleep(300);
  const { code, stdout } = await strata('stop', '-t', '0', 'chatty');
  assert.deepEqual([code, stdout], [0, 'chatty\n']);
  assert.match((await strata('ps', '-a')).stdout, /Exited \(137\) .* chatty\n/);
});

test('signals go to the container unless --sig-proxy=false, and the third one ends the command', {
  skip,
}, async (t) => {
  const script =
    'for s in TERM INT HUP USR1; do trap "echo got $s" $s; done; trap "exit 5" USR2; echo ready; while true; do sleep 0.05; done';
  const run = startCommand(t, strata, 'run', '--name', 'hears', 'busybox', 'sh', '-c', script);
  await run.says('ready');
  for (const name of ['TERM', 'INT', 'HUP', 'USR1']) {
    run.child.kill(`SIG${name}` as NodeJS.Signals);
    await run.says(`got ${name}`);
  }
  run.child.kill('SIGTERM');
  assert.deepEqual(await run.ended, { code: 143, signal: null }, 'the third of those that end commands');
  assert.equal(await states(), 'hears running');

  const deaf = startCommand(t, strata, 'attach', '--sig-proxy=false', 'hears');
  await untilAttached(deaf);
  deaf.child.kill('SIGTERM');
  assert.deepEqual(await deaf.ended, { code: 143, signal: null });
  const attached = startCommand(t, strata, 'attach', 'hears');
  await untilAttached(attached);
  attached.child.kill('SIGUSR2');
  assert.deepEqual(await attached.ended, { code: 5, signal: null });
  const started = startCommand(t, strata, 'start', '-a', 'hears');
  await started.says('ready');
  started.child.kill('SIGUSR2');
  assert.deepEqual(await started.ended, { code: 5, signal: null });
});

test('failures of attach, start and run have docker’s words and exit codes', { skip }, async () => {
  const answers: [number | null, string][] = [];
  await strata('create', '--name', 'made', 'busybox', 'true');
  await strata('run', '-dit', '--name', 'shell', 'busybox');
  for (const line of [
    'attach missing',
    'attach made',
    'attach shell',
    'attach --detach-keys ctrl-1 shell',
    'start -a missing',
    'start -a made shell',
    'run -it busybox',
    'run --name made busybox',
    'run --name kept busybox /nope',
    'run --rm -t busybox /nope',
    'start -a kept',
  ]) {
    const { code, stderr, stdout } = await strata(...line.split(' '));
    assert.equal(stdout, '', line);
    answers.push([code, (stderr.split('\n')[0] ?? '').replace(/(strata: container: |.in use by).*/, '$1…')]);
  }
  const notThere = 'strata: container: …';
  assert.deepEqual(answers, [
    [1, 'strata: No such container: missing'],
    [1, 'strata: You cannot attach to a stopped container, start it first'],
    [1, 'strata: the input device is not a TTY'],
    [1, 'strata: Invalid detach keys (ctrl-1) provided'],
    [1, 'strata: No such container: missing'],
    [1, 'strata: you cannot start and attach multiple containers at once'],
    [1, 'strata: the input device is not a TTY'],
    [125, answers[7]?.[1] ?? ''],
    [127, notThere],
    [127, notThere],
    [1, notThere],
  ]);
  assert.match(answers[7]?.[1] ?? '', /"\/made" is already in use/);
  assert.equal(await states(), 'kept created\nshell running\nmade created');
});

test('run --rm without a terminal has no supervisor; after its kill the next command removes the container', {
  skip,
}, async (t) => {
  const run = startCommand(t, strata, 'run', '--rm', 'busybox', 'sh', '-c', 'echo ready; sleep 1000');
  await run.says('ready');
  assert.deepEqual(
    processesNaming(placesOf(strata).run).filter((line) => line.includes('conmon')),
    [],
  );
  const refused = await strata('attach', '--no-stdin', (await strata('ps', '-q')).stdout.trim());
  assert.deepEqual([refused.code, /its streams belong to the command that runs it/.test(refused.stderr)], [1, true]);
  const [pid] = containerPids(strata.root);
  run.child.kill('SIGKILL');
  await waitForExit(run.child);
  spawnSync('kill', ['-9', String(pid)]);
  await until(
    () => !existsSync(`/proc/${pid}`),
    () => 'the container does not end',
  );
  await strata('ps');
  assert.deepEqual(containerRecords(strata), []);
  assert.deepEqual(mountsOf(strata), []);
  assert.deepEqual(processesNaming(placesOf(strata).run), []);
});
