import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { containerLocks } from '../../../src/engine/containers/state/locks.ts';
import { waitForEnd } from '../../../src/engine/containers/verbs/wait.ts';
import { Engine } from '../../../src/engine/index.ts';
import { bindMount } from '../../../src/sys/bind-mount.ts';
import { unmountIfMounted } from '../../../src/sys/mount.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { openStoreAt } from '../../helpers/open-store-at.ts';
import { testStore } from '../../helpers/test-store.ts';
import { patienceMs, until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

interface State {
  readonly Status: string;
  readonly Running: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
}

const stateOf = async ({ containers }: Engine, name: string): Promise<State> =>
  (await containers.inspect(name))['State'] as unknown as State;

async function logOf({ containers }: Engine, name: string): Promise<string> {
  let text = '';
  for await (const { stream, bytes } of containers.logs(name)) text += `${stream}: ${bytes.toString('latin1')}`;
  return text;
}

async function untilLogged(engine: Engine, name: string, text: string): Promise<void> {
  let log = '';
  await until(
    async () => (log = await logOf(engine, name)).includes(text),
    () => `waited for ${text}: ${log}`,
  );
}

/** Creates a container with a script and starts it. */
async function startContainer(engine: Engine, name: string, script: string): Promise<string> {
  const { id } = await engine.containers.create({ image: 'busybox', name, command: ['sh', '-c', script] });
  await engine.containers.start(name);
  return id;
}

const rejects = async (work: Promise<unknown>, code: string, message: RegExp): Promise<void> =>
  await assert.rejects(work, { code, message });

for (const driver of ['overlay2', 'vfs']) {
  test(`a container lives from creation to removal, on ${driver}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox', storageDriver: driver });
    const { containers } = engine;
    const script = 'echo out; echo err >&2; printf part; ls /kept; echo x > /kept; exec sleep 1000';
    const { id, name } = await containers.create({ image: 'busybox', command: ['sh', '-c', script] });
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.match(name, /^[a-z]+_[a-z]+$/);
    const { Status, StartedAt } = await stateOf(engine, id);
    assert.deepEqual([Status, StartedAt], ['created', '0001-01-01T00:00:00Z']);
    assert.deepEqual(await containers.list(), [], 'what does not run is not listed');
    assert.equal(await containers.wait(id), 0, 'nor waited for');

    await containers.start(id.slice(0, 12));
    const [row] = await containers.list();
    assert.deepEqual([row?.id, row?.state, row?.image], [id, 'running', 'busybox']);
    const { Pid, Running } = await stateOf(engine, name);
    assert.ok(Running && existsSync(`/proc/${Pid}`));
    for (const text of ['part', 'err\n']) await untilLogged(engine, name, text);
    const log = await logOf(engine, name);
    assert.match(log, /stdout: out\n/);
    assert.match(log, /stderr: err\n/);
    assert.match(log, /stdout: part(?!\n)/, 'a line that did not end stays one');
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    assert.ok(!mounts.includes(engine.layout.run), 'the host sees none of its mounts');
    await containers.start(id);
    assert.equal((await stateOf(engine, id)).Pid, Pid, 'one that runs is left alone');

    await containers.stop(id, { timeoutSeconds: 0 });
    const ended = await stateOf(engine, id);
    assert.deepEqual([ended.Status, ended.ExitCode, ended.Pid, ended.Error], ['exited', 137, 0, '']);
    assert.ok(ended.FinishedAt >= ended.StartedAt);
    assert.ok(!existsSync(`/proc/${Pid}`));
    await containers.stop(id);

    await containers.start(id);
    await untilLogged(engine, id, '/kept');
    await containers.remove(id, { force: true });
    await assertNothingLeft(engine, [id]);
  });
}

/**
 * Makes a mount in a container's folder, which cannot be removed then. It ends with the test's scope: `after` hooks run
 * behind the removal of the store, which would fail with it.
 */
function mountInFolderOf(containers: string, id: string): Disposable {
  const inside = join(containers, id, 'inside');
  mkdirSync(inside, { recursive: true });
  bindMount(inside, inside);
  return { [Symbol.dispose]: () => unmountIfMounted(inside, { lazy: true }) };
}

test('a container whose files cannot be removed gives an error, and hides no others', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers, layout } = engine;
  const { id } = await containers.create({ image: 'busybox', name: 'stuck' });
  const other = await containers.create({ image: 'busybox', name: 'other' });
  using inside = mountInFolderOf(layout.containers, id);
  const busy = { code: 'ERR_CONTAINER_REMOVAL', message: /^cannot remove container \w{12}: .*EBUSY/ };
  await assert.rejects(containers.remove('stuck'), busy);
  await assert.rejects(containers.inspect('stuck'), busy);
  const shown = (await containers.list({ all: true })).map(({ name, status }) => `${name}: ${status}`);
  assert.deepEqual(shown, ['other: Created', 'stuck: Removal In Progress']);
  const { deleted } = await engine.containers.prune();
  assert.deepEqual(deleted.toSorted(), [id, other.id].toSorted());
  inside[Symbol.dispose]();
  await engine.containers.prune();
  await assertNothingLeft(engine, [id]);
});

test('a container removed while sizes of others are counted is left out without a failure', { skip }, async (t) => {
  const { containers } = await testStore(t, { busybox: 'busybox' });
  await containers.create({ image: 'busybox', name: 'gone' });
  const command = ['sh', '-c', 'mkdir /d; cd /d; busybox seq 1 8000 | busybox xargs touch'];
  await containers.create({ image: 'busybox', name: 'large', command });
  await containers.start('large');
  await containers.wait('large');
  // The newest container comes first and takes a while: enough to remove the other one.
  const listed = containers.list({ all: true, size: true });
  await containers.remove('gone');
  const names = (await listed).map(({ name }) => name).filter((name) => name !== 'gone');
  assert.deepEqual(names, ['large']);
});

test('exit codes are returned to each waiter', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  await startContainer(engine, 'seven', 'sleep 0.3; exit 7');
  assert.deepEqual(await Promise.all([containers.wait('seven'), containers.wait('seven')]), [7, 7]);
  assert.equal(await containers.wait('seven'), 7);

  await startContainer(engine, 'traps', 'trap "exit 5" TERM; echo ready; while true; do sleep 0.05; done');
  await untilLogged(engine, 'traps', 'ready');
  await containers.stop('traps', { timeoutSeconds: 1000 });
  assert.equal((await stateOf(engine, 'traps')).ExitCode, 5);

  const image = 'busybox';
  const command = ['sh', '-c', 'trap "exit 6" USR1; echo ready; while true; do sleep 0.05; done'];
  await containers.create({ image, name: 'asks', command, stopSignal: 'SIGUSR1' });
  await containers.start('asks');
  await untilLogged(engine, 'asks', 'ready');
  await containers.stop('asks', { timeoutSeconds: 1000 });
  assert.equal((await stateOf(engine, 'asks')).ExitCode, 6);

  await startContainer(engine, 'killed', 'exec sleep 1000');
  await containers.kill('killed');
  assert.equal(await containers.wait('killed'), 137);

  const waiting = new AbortController();
  await startContainer(engine, 'long', 'exec sleep 1000');
  const waited = containers.wait('long', { signal: waiting.signal });
  waiting.abort(new Error('enough'));
  await assert.rejects(waited, /enough/);
  assert.equal((await stateOf(engine, 'long')).Status, 'running');
});

test('a failed start says why, and leaves the container as it was', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const cases = [
    { command: ['/nope'], exitCode: 127, message: /exec: "\/nope": stat \/nope: no such file or directory/ },
    { command: ['nope'], exitCode: 127, message: /exec: "nope": executable file not found in \$PATH/ },
    { command: ['/etc'], exitCode: 126, message: /exec: "\/etc": is a directory|permission denied/ },
    { command: ['true'], workingDirectory: '/bin/busybox/x', exitCode: 126, message: /not a directory|chdir|mkdir/ },
  ];
  for (const { exitCode, message, ...request } of cases) {
    const { id } = await containers.create({ image: 'busybox', ...request });
    await assert.rejects(containers.start(id), { code: 'ERR_CONTAINER_START', message });
    const { Status, ExitCode, Error: why } = await stateOf(engine, id);
    assert.equal(Status, 'created');
    if (exitCode === 127) assert.equal(ExitCode, exitCode);
    assert.match(why, message);
    await containers.remove(id);
  }
  await rejects(
    containers
      .create({ image: 'busybox', command: ['true'], user: 'nobody-here' })
      .then(({ id }) => containers.start(id)),
    'ERR_USER_UNKNOWN',
    /nobody-here/,
  );
  await rejects(
    containers.create({ image: 'busybox', stopSignal: 'NOPE' }),
    'ERR_SIGNAL_INVALID',
    /invalid signal: NOPE/,
  );
  await rejects(containers.create({ image: 'nope' }), 'ERR_IMAGE_NOT_FOUND', /nope/);
  for (const { id } of await containers.list({ all: true })) await containers.remove(id);
  await assertNothingLeft(engine);
});

test("invalid requests are refused in docker's words", { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const id = await startContainer(engine, 'one', 'exec sleep 1000');
  const running = /^cannot remove container "\/one": container is running: stop the container before removing or force/;
  await rejects(containers.remove('one'), 'ERR_CONTAINER_RUNNING', running);
  await rejects(containers.create({ image: 'busybox', name: 'one' }), 'ERR_CONTAINER_NAME_IN_USE', new RegExp(id));
  await rejects(containers.rename('one', 'a b'), 'ERR_CONTAINER_NAME_INVALID', /Invalid container name \(a b\)/);
  await rejects(containers.rename('one', 'one'), 'ERR_CONTAINER_NAME_SAME', /^Renaming a container with the same name/);
  await rejects(containers.kill('one', { send: 'XX' }), 'ERR_SIGNAL_INVALID', /^invalid signal: XX$/);
  await containers.rename('one', 'two');
  await rejects(containers.inspect('one'), 'ERR_CONTAINER_NOT_FOUND', /^No such container: one$/);
  await containers.stop('two', { timeoutSeconds: 0 });
  await rejects(containers.kill('two'), 'ERR_CONTAINER_NOT_RUNNING', new RegExp(`container ${id} is not running`));
});

test('a container with --rm is removed at its end, watched or not, and its code is returned', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const create = async (script: string): Promise<string> => {
    const { id } = await containers.create({ image: 'busybox', command: ['sh', '-c', script], remove: true });
    await containers.start(id);
    return id;
  };
  const waited = await create('trap "exit 3" USR1; echo ready; while true; do sleep 0.05; done');
  await untilLogged(engine, waited, 'ready');
  const code = containers.wait(waited);
  await containers.kill(waited, { send: 'USR1' });
  assert.equal(await code, 3);
  const left = await create('exit 0');
  await until(
    async () => (await containers.list({ all: true })).length === 0,
    () => 'it never goes',
  );
  await assertNothingLeft(engine, [waited, left]);
});

test('kill, stop and rm work while a command only begins to run the container', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const signal = AbortSignal.timeout(patienceMs);
  const ways: readonly ((id: string) => Promise<unknown>)[] = [
    async (id) => await containers.kill(id, { signal }),
    async (id) => await containers.stop(id, { signal, timeoutSeconds: 0 }),
    async (id) => await containers.remove(id, { signal, force: true }),
  ];
  for (const end of ways) {
    await using run = engine.containers.run({ image: 'busybox', command: ['sleep', '1000'], remove: true });
    for await (const event of run) if (event.type === 'created') await end(event.id);
    assert.equal((await run.result).exitCode, 137);
  }
  await assertNothingLeft(engine);
});

test('one of many starts at once wins, and many containers run side by side', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  await using other = await Engine.open({ root: engine.layout.root });
  const { containers } = engine;
  const { id } = await containers.create({ image: 'busybox', command: ['sleep', '1000'] });
  await Promise.all([containers.start(id), other.containers.start(id), containers.start(id)]);
  const { Pid } = await stateOf(engine, id);
  assert.equal((await stateOf(other, id)).Pid, Pid);
  await Promise.all([
    containers.remove(id, { force: true }),
    other.containers.stop(id, { timeoutSeconds: 0 }).catch(() => undefined),
  ]);

  const ids = await Promise.all(
    [0, 1, 2, 3].map(async (code) => {
      const made = await containers.create({ image: 'busybox', command: ['sh', '-c', `sleep 0.2; exit ${code}`] });
      await (code % 2 === 0 ? engine : other).containers.start(made.id);
      return made.id;
    }),
  );
  assert.deepEqual(await Promise.all(ids.map((each) => containers.wait(each))), [0, 1, 2, 3]);
  await engine.containers.prune();
  await assertNothingLeft(engine, [id, ...ids]);
});

test('prune leaves running containers, and an image in use by one stays', { skip }, async (t: TestContext) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'runs', 'exec sleep 1000');
  await engine.containers.create({ image: 'busybox', name: 'waits' });
  const { deleted } = await engine.containers.prune();
  assert.equal(deleted.length, 1);
  assert.equal((await engine.containers.list())[0]?.id, id);
  const image = (await engine.images.list())[0]?.id ?? assert.fail();
  await assert.rejects(engine.images.remove(image, { force: true }), /is being used by running container/);
  await engine.containers.kill('runs');
  await engine.containers.wait('runs');
  const { containers } = await engine.system.diskUsage();
  assert.deepEqual([containers.total, containers.active], [1, 0]);
});

test('wait for a paused container sees its end, even when it already runs again', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'one', 'sleep 1000');
  await engine.containers.pause(id);
  await using store = openStoreAt(engine.layout.root);
  // Record from before the kill and the restart.
  const before = store.metadata.containers.get(id) ?? assert.fail();
  await engine.containers.kill(id);
  await engine.containers.start(id);
  await waitForEnd(store, before, { signal: AbortSignal.timeout(5000) });
});

test('wait for a container that is being removed at its end returns its exit code', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers, layout } = engine;
  const command = ['sh', '-c', 'exit 7'];
  const { id } = await containers.create({ image: 'busybox', name: 'brief', command, remove: true });
  using inside = mountInFolderOf(layout.containers, id);
  await containers.start(id);
  // The command that finds the end cannot get any further than this.
  await assert.rejects(containers.wait(id), { code: 'ERR_CONTAINER_REMOVAL' });
  await using store = openStoreAt(layout.root);
  {
    // Another process works on the container.
    await using _removing = await (await containerLocks(store, {})).lock(id, {});
    assert.equal(await containers.wait(id), 7);
    assert.equal((await stateOf(engine, id)).ExitCode, 7);
  }
  inside[Symbol.dispose]();
});
