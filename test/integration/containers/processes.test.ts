// Processes of a container leave nothing, in whatever way it ends.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CreateRequest, Engine } from '../../../src/engine/index.ts';
import { needs } from '../../helpers/needs.ts';
import { testStore } from '../../helpers/test-store.ts';
import { until } from '../../helpers/until.ts';
import { untilSame } from '../../helpers/until-same.ts';
import { inspectState, leftOf, nothingOf, processesOf } from './container-state.ts';
import { isThere } from './kill-victim.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'tini-static');

async function startContainer(engine: Engine, script: string, host: CreateRequest['host'] = {}): Promise<string> {
  const { id } = await engine.containers.create({ image: 'busybox', command: ['sh', '-c', script], host });
  await engine.containers.start(id);
  return id;
}

const untilSo = async (look: () => boolean, what: string): Promise<void> => await until(look, () => what);

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

/** Counts ended children that a container's first process has not reaped. */
const zombiesOf = (pid: number): number =>
  read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((child) => /^State:\s+Z/m.test(read(`/proc/${child}/status`))).length;

test('--init reaps orphaned processes, and passes on the stop signal', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  // Each of the twenty loses its parent at once, and ends when /end exists.
  const script =
    'i=0; while test $i -lt 20; do (sh -c "while ! test -e /end; do sleep 0.05; done; echo > /ended$$" &); i=$((i+1)); done; exec sleep 1000';
  for (const Init of [false, true]) {
    const id = await startContainer(engine, script, { Init });
    const pid = (await inspectState(engine, id))?.Pid ?? 0;
    await untilSo(() => processesOf(id).length >= 21, 'all are there');
    await using ender = await engine.containers.exec(id, { command: ['touch', '/end'] });
    assert.equal(await ender.exitCode, 0);
    if (Init) await untilSo(() => processesOf(id).length === 2, 'all are gone but the init and its child');
    // They are reaped a moment later, or never.
    await untilSo(() => zombiesOf(pid) === (Init ? 0 : 20), Init ? 'all are reaped' : 'they stay zombies');
    await engine.containers.stop(id, { timeoutSeconds: Init ? 30 : 0 });
    assert.equal(await engine.containers.wait(id), Init ? 143 : 137);
    await engine.containers.remove(id);
    await untilSame(() => leftOf(engine, [id]), nothingOf);
  }
});

const many =
  'trap "" TERM; i=0; while test $i -lt 200; do sleep 1000 & i=$((i+1)); done; while ! test -e /end; do sleep 0.05; done';

const ends: readonly (readonly [string, CreateRequest['host'], (engine: Engine, id: string) => Promise<unknown>])[] = [
  ['stop', {}, async ({ containers }, id) => await containers.stop(id, { timeoutSeconds: 0 })],
  ['kill', { Init: true }, async ({ containers }, id) => await containers.kill(id)],
  ['rm -f', {}, async ({ containers }, id) => await containers.remove(id, { force: true })],
  [
    'its own end',
    {},
    async ({ containers }, id) => {
      await using ender = await containers.exec(id, { command: ['touch', '/end'] });
      await ender.exitCode;
    },
  ],
  // With the host's processes no death ends the others.
  [
    'rm -f, with the host’s processes',
    { PidMode: 'host' },
    async ({ containers }, id) => await containers.remove(id, { force: true }),
  ],
];

for (const [name, host, end] of ends) {
  test(`none of 200 processes is left after ${name}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const id = await startContainer(engine, many, host);
    await untilSo(() => processesOf(id).length > 200, 'all are there');
    const pids = processesOf(id);
    await end(engine, id);
    if ((await inspectState(engine, id)) !== undefined) await engine.containers.wait(id);
    await untilSo(() => !pids.some(isThere), 'all end');
    if ((await inspectState(engine, id)) !== undefined) await engine.containers.remove(id);
    await untilSame(() => leftOf(engine, [id]), nothingOf);
  });
}
