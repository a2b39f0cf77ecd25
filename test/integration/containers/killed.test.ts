import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContainerState } from '../../../src/containers/state.ts';
import { bundleOf } from '../../../src/engine/containers/state/locations.ts';
import type { StartWork } from '../../../src/engine/containers/verbs/start.ts';
import { Engine } from '../../../src/engine/index.ts';
import { exitsOf } from '../../../src/store/layout.ts';
import { bootId } from '../../../src/sys/boot-id.ts';
import { identify } from '../../../src/sys/process-identity.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { assertNothingLeft, leftoversOf } from '../../helpers/leftovers.ts';
import { processesNaming } from '../../helpers/machine-traces.ts';
import { needs } from '../../helpers/needs.ts';
import { recordsOf } from '../../helpers/store-places.ts';
import { testStore } from '../../helpers/test-store.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

function recordOf(engine: Engine, id: string): ContainerState {
  using metadata = recordsOf(engine);
  return metadata.containers.get(id)?.state as unknown as ContainerState;
}

const stateOf = async ({ containers }: Engine, id: string): Promise<readonly unknown[]> => {
  const { Status, ExitCode, Error: why } = (await containers.inspect(id))['State'] as Record<string, unknown>;
  return [Status, ExitCode, why];
};

async function startContainer(
  engine: Engine,
): Promise<{ readonly id: string; readonly pid: number; readonly conmon: number }> {
  const { id } = await engine.containers.create({ image: 'busybox', command: ['sleep', '1000'] });
  await engine.containers.start(id);
  const { process: first, supervisor } = recordOf(engine, id);
  assert.ok(first !== undefined && supervisor !== undefined);
  return { id, pid: first.pid, conmon: supervisor.pid };
}

async function untilGone(pid: number): Promise<void> {
  const isThere = (): boolean => {
    try {
      return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
    } catch {
      return false;
    }
  };
  await until(
    () => !isThere(),
    () => `process ${pid} does not end`,
  );
}

/** Runs the fixture until it is killed. */
async function startKilled({ layout }: Engine, id: string, when: string): Promise<void> {
  const fixture = join(import.meta.dirname, 'start-killed.fixture.ts');
  const child = spawn(process.execPath, [fixture, layout.root, id, when], { stdio: ['ignore', 'inherit', 'inherit'] });
  await new Promise((resolve) => child.on('exit', resolve));
}

test('a container without its killed supervisor conmon is ended', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { id, pid, conmon } = await startContainer(engine);
  process.kill(conmon, 'SIGKILL');
  await untilGone(conmon);
  assert.deepEqual(await stateOf(engine, id), ['exited', 137, 'its supervisor conmon was killed']);
  await untilGone(pid);
  await engine.containers.start(id);
  assert.equal((await stateOf(engine, id))[0], 'running');
  await engine.containers.remove(id, { force: true });
  await assertNothingLeft(engine, [id]);
});

test('waiting for a container with --rm returns its exit code, whichever process was killed', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers, layout } = engine;
  const { id } = await containers.create({ image: 'busybox', command: ['sleep', '1000'], remove: true });
  await containers.start(id);
  const { supervisor } = recordOf(engine, id);
  assert.ok(supervisor !== undefined);
  // Both wait from now on.
  await using first = await containers.attach(id);
  await using second = await containers.attach(id);
  process.kill(supervisor.pid, 'SIGKILL');
  const codes = [first.exitCode, second.exitCode];
  assert.deepEqual(await Promise.all(codes), [137, 137], 'without a word of its supervisor');

  const folder = temporaryFolder(t);
  const script = 'while [ ! -e /in/go ]; do sleep 0.05; done; exit 7';
  const request = { image: 'busybox', name: 'cc', remove: true, command: ['sh', '-c', script] };
  await using operation = engine.containers.run({ ...request, host: { Binds: [`${folder}:/in`] } });
  let own = '';
  for await (const event of operation) {
    if (event.type === 'created') own = event.id;
    if (event.type === 'started') break;
  }
  const others = [containers.wait('cc'), containers.wait('cc')];
  await until(
    () => existsSync(join(exitsOf(layout), own)),
    () => 'no waiter asks for the end',
  );
  writeFileSync(join(folder, 'go'), '');
  assert.deepEqual(await Promise.all(others), [7, 7], 'without a supervisor');
  await operation.result;
  await assertNothingLeft(engine, [id, own]);

  for (const name of readdirSync(exitsOf(layout))) utimesSync(join(exitsOf(layout), name), 0, 0);
  await containers.list();
  assert.equal(readdirSync(exitsOf(layout)).length, 2, 'a list takes nothing away');
  await containers.remove((await containers.create({ image: 'busybox', command: ['true'] })).id);
  assert.deepEqual(readdirSync(exitsOf(layout)), [], 'read exit files are removed after a while');
});

test('a kill of the created first process before it starts is the reason given for the failed start', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { id } = await engine.containers.create({ image: 'busybox', command: ['sleep', '1000'] });
  const work: StartWork = {
    onCreated: async () => {
      const pid = Number(readFileSync(bundleOf(engine.layout, id).pid, 'latin1'));
      process.kill(pid, 'SIGKILL');
      await untilGone(pid);
    },
  };
  const message = /^container: .*stopped/;
  await assert.rejects(engine.containers.start(id, work), {
    code: 'ERR_CONTAINER_START',
    message,
    details: { exitCode: 125 },
  });
  const [status, exitCode, why] = await stateOf(engine, id);
  assert.deepEqual([status, exitCode], ['created', 125]);
  assert.match(String(why), message);
  await engine.containers.remove(id);
  await assertNothingLeft(engine, [id]);
});

test('a container killed from outside has its exit code, and nothing of its run stays', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { id, pid } = await startContainer(engine);
  process.kill(pid, 'SIGKILL');
  assert.equal(await engine.containers.wait(id), 137);
  const { bundles, states, mounts, groups, processes } = await leftoversOf(engine, [id]);
  assert.deepEqual([bundles, states, mounts, groups, processes], [[], [], [], [], []]);
});

test('nothing runs after another boot, whatever the record says', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const running = await startContainer(engine);
  const removed = await engine.containers.create({ image: 'busybox', command: ['sleep', '1000'], remove: true });
  await engine.containers.start(removed.id);
  const starting = await engine.containers.create({ image: 'busybox' });
  {
    using metadata = recordsOf(engine);
    const bootId = '00000000-0000-0000-0000-000000000000';
    for (const { id } of [running, removed]) {
      await metadata.db.transact(() =>
        metadata.containers.change(id, ({ state }) => ({ ...(state as object), bootId })),
      );
    }
    await metadata.db.transact(() => metadata.containers.setState(starting.id, { status: 'starting', bootId }));
  }
  const list = await engine.containers.list({ all: true });
  const exited = list.find(({ id }) => id === running.id);
  assert.match(String(exited?.status), /^Exited \(255\) /);
  assert.equal(list.find(({ id }) => id === starting.id)?.status, 'Created');
  assert.equal(list.length, 2);
  await engine.containers.prune();
  await untilGone(running.conmon);
  await assertNothingLeft(engine, [running.id, removed.id]);
});

test('a process number left behind by a killed start may belong to another process, which is left alone', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { id } = await engine.containers.create({ image: 'busybox', command: ['sleep', '1000'] });
  const stranger = spawn('sleep', ['1000'], { stdio: 'ignore' });
  t.after(() => stranger.kill('SIGKILL'));
  const bundle = bundleOf(engine.layout, id);
  mkdirSync(bundle.directory, { recursive: true });
  writeFileSync(bundle.lock, '');
  writeFileSync(bundle.supervisorPid, String(stranger.pid));
  {
    using metadata = recordsOf(engine);
    await metadata.db.transact(() => metadata.containers.setState(id, { status: 'starting', bootId: bootId() }));
  }
  assert.deepEqual(await stateOf(engine, id), ['created', 0, '']);
  assert.ok(identify(Number(stranger.pid)) !== undefined, 'it lives');
  await engine.containers.remove(id);
  await assertNothingLeft(engine, [id]);
});

test('a command killed between creation and start of the processes leaves the container as it was', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { id } = await engine.containers.create({ image: 'busybox', command: ['sleep', '1000'] });
  await startKilled(engine, id, 'made');
  assert.equal(recordOf(engine, id).status, 'starting');
  assert.deepEqual(await stateOf(engine, id), ['created', 0, '']);
  assert.deepEqual(processesNaming(id), []);
  await startKilled(engine, id, 'started');
  assert.equal((await stateOf(engine, id))[0], 'running');
  await engine.containers.kill(id);
  const ended = recordOf(engine, id);
  assert.deepEqual([ended.status, ended.exitCode], ['exited', 137]);
  assert.ok(ended.finishedAt !== undefined);
  await startKilled(engine, id, 'made');
  assert.deepEqual((await stateOf(engine, id)).slice(0, 2), ['exited', 137]);
  assert.deepEqual(recordOf(engine, id), ended);
  await engine.containers.remove(id, { force: true });
  await assertNothingLeft(engine, [id]);
});
