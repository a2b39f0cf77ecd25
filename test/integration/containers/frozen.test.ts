// Paused and frozen containers, and the time they are given to end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findRuntime } from '../../../src/containers/runtime/find-runtime.ts';
import type { Engine } from '../../../src/engine/index.ts';
import { KeyLocks } from '../../../src/store/key-locks.ts';
import { runtimeRootOf } from '../../../src/store/layout.ts';
import { defaultConfiguration } from '../../helpers/default-configuration.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { testStore } from '../../helpers/test-store.ts';
import { patienceMs } from '../../helpers/until.ts';
import { inspectState } from './container-state.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

/** Waits until the container prints `ready`. */
async function untilReady({ containers }: Engine, name: string): Promise<void> {
  for await (const { bytes } of containers.logs(name, { follow: true })) if (bytes.includes('ready')) return;
  assert.fail(`${name} has ended`);
}

/** Starts a container that ends with 7, some time after its stop signal, and prints `usr1` at USR1. */
async function startPolite(engine: Engine, name: string, stopSignal?: string): Promise<string> {
  const script = 'trap "sleep 0.3; exit 7" TERM; trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done';
  const command = ['sh', '-c', script];
  const { id } = await engine.containers.create({
    image: 'busybox',
    name,
    command,
    ...(stopSignal === undefined ? {} : { stopSignal }),
  });
  await engine.containers.start(id);
  await untilReady(engine, name);
  return id;
}

const stateOf = async (engine: Engine, name: string): Promise<readonly unknown[]> => {
  const { Status, ExitCode } = (await inspectState(engine, name)) ?? {};
  return [Status, ExitCode];
};

test('a signal that ends a paused container unpauses it, as with docker', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  await startPolite(engine, 'one');
  await containers.pause('one');
  await containers.kill('one', { send: 'USR1' });
  assert.equal((await inspectState(engine, 'one'))?.Status, 'running', 'any signal may be what it ends with');
  await containers.pause('one');
  await containers.stop('one', { timeoutSeconds: 600 });
  assert.deepEqual(await stateOf(engine, 'one'), ['exited', 7]);
  await containers.remove('one');

  const id = await startPolite(engine, 'two', 'TERM');
  await containers.pause('two');
  await containers.kill('two', { send: 'USR1' });
  assert.equal((await inspectState(engine, 'two'))?.Status, 'paused', 'another than the one it names is not');
  await containers.kill('two', { send: 'TERM' });
  assert.equal(await containers.wait('two'), 7);
  await containers.remove('two');
  await assertNothingLeft(engine, [id]);
});

test('a container left frozen by a killed command can be unpaused, stopped and removed', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const id = await startPolite(engine, 'one');
  const freeze = (): unknown =>
    execFileSync(findRuntime(defaultConfiguration).runtime, ['--root', runtimeRootOf(engine.layout), 'pause', id]);
  freeze();
  await containers.unpause('one');
  await assert.rejects(containers.unpause('one'), { code: 'ERR_CONTAINER_PAUSED' });
  freeze();
  await containers.stop('one', { timeoutSeconds: 600 });
  assert.deepEqual(await stateOf(engine, 'one'), ['exited', 7]);
  await containers.start('one');
  freeze();
  await containers.remove('one', { force: true });
  await assertNothingLeft(engine, [id]);
});

test('a stop timeout above the range of timers means for ever', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  for (const timeoutSeconds of [3_000_000, 2 ** 31 - 1]) {
    await startPolite(engine, 'one');
    await engine.containers.stop('one', { timeoutSeconds });
    assert.deepEqual(await stateOf(engine, 'one'), ['exited', 7]);
    await engine.containers.remove('one');
  }
});

test('a pause that waits for a commit does not hold up a removal', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const id = await startPolite(engine, 'one');
  const commit = await new KeyLocks(join(engine.layout.locks, 'pauses')).lock(id, {});
  const isRefused = assert.rejects(containers.pause('one'), { code: 'ERR_CONTAINER_NOT_FOUND' });
  // Time for a pause that would take the container's own lock first.
  await sleep(200);
  await containers.remove('one', { force: true, signal: AbortSignal.timeout(patienceMs) });
  await commit[Symbol.asyncDispose]();
  await isRefused;
  await assertNothingLeft(engine, [id]);
});
