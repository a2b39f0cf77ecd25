import assert from 'node:assert/strict';
import type { Engine } from '../../../src/engine/index.ts';
import { inspectState } from './container-state.ts';

/** Takes a container from its creation to its removal; returns its ID. */
async function runLife(engine: Engine): Promise<string> {
  const { containers } = engine;
  const command = ['sh', '-c', 'trap "exit 3" TERM; sleep 1000 & wait'];
  const { id } = await containers.create({ image: 'busybox', command });
  await containers.start(id);
  assert.equal((await inspectState(engine, id))?.Status, 'running');
  await containers.stop(id, { send: 'KILL' });
  assert.deepEqual([(await inspectState(engine, id))?.Status, await containers.wait(id)], ['exited', 137]);
  await containers.remove(id);
  assert.equal(await inspectState(engine, id), undefined);
  return id;
}

/** Runs `count` such lives, `atOnce` at a time; returns the IDs. */
export async function runLives(engine: Engine, count: number, atOnce: number): Promise<string[]> {
  const ids: string[] = [];
  let begun = 0;
  const one = async (): Promise<void> => {
    while (begun++ < count) ids.push(await runLife(engine));
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return ids;
}
