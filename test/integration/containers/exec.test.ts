import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, Exec } from '../../../src/engine/index.ts';
import { leftoversOf, untilNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { openFiles } from '../../helpers/open-files.ts';
import { isSoak } from '../../helpers/random.ts';
import { testStore } from '../../helpers/test-store.ts';
import { patienceMs, until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

async function startContainer(engine: Engine, script: string): Promise<string> {
  const { id } = await engine.containers.create({ image: 'busybox', command: ['sh', '-c', script] });
  await engine.containers.start(id);
  return id;
}

/** Runs a script in the container; returns its output and its exit code. */
async function outputOf(engine: Engine, id: string, script: string, terminal: boolean): Promise<string> {
  await using attached = await engine.containers.exec(id, { command: ['sh', '-c', script], terminal });
  let text = '';
  for await (const { chunk } of attached.streams) text += Buffer.from(chunk).toString('latin1');
  return `${text}${await attached.exitCode}`;
}

test('a joining process has its three streams and no descriptor of Strata, and no working directory below /proc', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'sleep 1000');
  // The shell expands the pattern itself and has the folder open meanwhile.
  const script = 'for f in /proc/$$/fd/*; do test ! -e $f || echo -n "${f##*/} "; done';
  for (const terminal of [false, true]) assert.match(await outputOf(engine, id, script, terminal), /^0 1 2 (10 )?0$/);
  for (const workingDirectory of ['/proc/self/fd/7', '/proc/1/fd/8/..', '/dev/fd/7/', '//proc//self/fd/9']) {
    await assert.rejects(engine.containers.exec(id, { command: ['pwd'], workingDirectory }), {
      code: 'ERR_WORKING_DIRECTORY_INVALID',
    });
  }
  await engine.containers.remove(id, { force: true });
  // The supervisor of a joined process tidies up after it.
  await untilNothingLeft(engine, [id]);
});

test('a process that fails to start at a terminal, again and again, leaves no descriptor open', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'sleep 1000');
  const fail = async (): Promise<void> => {
    await using attached = await engine.containers.exec(id, { command: ['/missing'], terminal: true });
    await assert.rejects(attached.exitCode, { code: 'ERR_EXEC' });
  };
  await fail();
  const before = openFiles();
  for (let round = 0; round < (isSoak ? 50 : 10); round++) await fail();
  assert.ok(openFiles() <= before);
  await engine.containers.remove(id, { force: true });
  await untilNothingLeft(engine, [id]);
});

test('a detached process goes on without its exit code being awaited', {
  skip,
  timeout: patienceMs,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'sleep 1000');
  const ways = ['disposal', 'abort'] as const;
  for (const stdio of ['pipe', 'ignore'] as const) {
    const before = openFiles();
    for (const way of ways) {
      const controller = new AbortController();
      const command = ['sh', '-c', `sleep 0.5; echo x > /${stdio}-${way}`];
      const options = { command, signal: controller.signal };
      const process = await (stdio === 'pipe'
        ? engine.containers.exec(id, options)
        : engine.containers.exec(id, { ...options, stdio }));
      if (way === 'abort') controller.abort();
      else await process[Symbol.asyncDispose]();
      await assert.rejects(process.exitCode, { name: 'AbortError' }, `${stdio} ${way}`);
    }
    await until(
      () => openFiles() <= before,
      () => `${stdio}: ${openFiles() - before} descriptors stay open`,
    );
  }
  const done = '/pipe-disposal /pipe-abort /ignore-disposal /ignore-abort';
  await until(
    async () => (await outputOf(engine, id, `ls ${done}`, false)).endsWith('0'),
    () => 'they go on',
  );
  await engine.containers.remove(id, { force: true });
  await untilNothingLeft(engine, [id]);
});

test('a process with a slow reader ends with its container, and holds up nothing', {
  skip,
  timeout: patienceMs,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'sleep 1000');
  await using process = await engine.containers.exec(id, { command: ['sh', '-c', 'yes 0123456789abcde'] });
  const reader = process.streams[Symbol.asyncIterator]();
  await reader.next();
  // Time enough for all buffers on the way to be full.
  await sleep(500);
  const began = performance.now();
  await engine.containers.remove(id, { force: true });
  assert.equal(await process.exitCode, 137);
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds < 5, `${seconds} s`);
  for (let next = await reader.next(); next.done !== true; next = await reader.next());
});

test('waiting for processes leaves no descriptors of theirs open', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'sleep 1000');
  const command = ['sh', '-c', 'exit 3'];
  for (const stdio of ['pipe', 'ignore', 'inherit'] as const) {
    const wait = async (): Promise<void> => {
      const process = await (stdio === 'pipe'
        ? engine.containers.exec(id, { command })
        : engine.containers.exec(id, { command, stdio }));
      assert.equal(await process.exitCode, 3);
    };
    await wait();
    const before = openFiles();
    for (let round = 0; round < 10; round++) await wait();
    await until(
      () => openFiles() <= before,
      () => `${stdio}: ${openFiles() - before} descriptors stay open`,
    );
  }
  await engine.containers.remove(id, { force: true });
  await untilNothingLeft(engine, [id]);
});

test('an empty command is refused, without a word about the image', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'sleep 1000');
  const hint = 'Say what to run in the container.';
  await assert.rejects(engine.containers.exec(id, { command: [] }), { code: 'ERR_COMMAND_MISSING', hint });
  assert.deepEqual((await leftoversOf(engine)).execs, []);
});

test('an abort of a running process makes its exit code reject with the reason', {
  skip,
  timeout: patienceMs,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'sleep 1000');
  const command = ['sleep', '1000'];
  const begin = async (stdio: 'pipe' | 'ignore' | 'inherit', signal: AbortSignal): Promise<Exec> =>
    await (stdio === 'pipe'
      ? engine.containers.exec(id, { command, signal })
      : engine.containers.exec(id, { command, signal, stdio }));
  for (const stdio of ['pipe', 'ignore', 'inherit'] as const) {
    const controller = new AbortController();
    const reason = new RangeError('enough');
    const exec = await begin(stdio, controller.signal);
    controller.abort(reason);
    await assert.rejects(exec.exitCode, (error) => error === reason, stdio);
    const timeout = AbortSignal.timeout(500);
    // The time may be over before the process has joined.
    const wholly = async (): Promise<number> => await (await begin(stdio, timeout)).exitCode;
    await assert.rejects(wholly, (error) => error === timeout.reason, stdio);
  }
});

test('an abort before the start joins no process and leaves nothing', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'sleep 1000');
  const signal = AbortSignal.abort();
  for (const stdio of ['pipe', 'ignore', 'inherit'] as const) {
    const options = { command: ['touch', '/joined'], signal };
    const exec =
      stdio === 'pipe' ? engine.containers.exec(id, options) : engine.containers.exec(id, { ...options, stdio });
    await assert.rejects(exec, { name: 'AbortError' }, stdio);
  }
  assert.deepEqual((await leftoversOf(engine)).execs, []);
  assert.equal(await outputOf(engine, id, 'test -e /joined', false), '1');
});

test('stop kills a container that ignores TERM in the end, with all of its 200 processes', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const script = 'trap "" TERM; i=0; while test $i -lt 200; do sleep 1000 & i=$((i+1)); done; echo all; wait';
  const id = await startContainer(engine, script);
  const rows = async (): Promise<number> => (await engine.containers.top(id)).rows.length;
  await until(
    async () => (await rows()) >= 201,
    () => 'not all of them are there',
  );
  assert.equal(await rows(), 201);
  await engine.containers.stop(id, { timeoutSeconds: 1 });
  assert.equal(await engine.containers.wait(id), 137);
  const { groups, processes, bundles } = await leftoversOf(engine, [id]);
  assert.deepEqual([groups, processes, bundles], [[], [], []]);
  await engine.containers.remove(id);
});
